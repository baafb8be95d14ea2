#include "proxy/takeover.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/events.h"
#include "common/inherited.h"
#include "common/log.h"
#include "common/memory.h"

enum {
    LOOK_US = 5 * US_PER_MS,
    DONE_PATIENCE_US = 5 * US_PER_SECOND, /* for the last word of the old one */
};

enum takeover_state { TAKEOVER_WAITING, TAKEOVER_READY, TAKEOVER_OVER };

struct takeover {
    struct reactor *reactor; /* NULL: not going on yet */
    struct takeover_hooks hooks;
    enum takeover_state state;
    bool was_heard; /* READY: the old one has got our word */
    int fd;
    uint64_t deadline;
    ev_io readable;
    struct reactor_timer look;
    struct reactor_timer late;
    struct packet packet;
    struct upgrade_sockets sockets;
};

static bool takeover_say(struct takeover *takeover, enum upgrade_word word, const char *rest)
{
    char text[PACKET_DESCRIPTORS_MAX + UPGRADE_REASON_MAX];
    size_t size = upgrade_text_print(word, rest, text, sizeof text);

    return packet_send(takeover->fd, (struct span){text, size}, NULL, 0);
}

/* Who listens there has our user, is root, or we are. */
static bool is_trusted(int fd)
{
    pid_t process;
    uid_t user;

    return packet_peer(fd, &process, &user) &&
           (packet_may(user, geteuid()) || packet_may(geteuid(), user));
}

static bool takeover_wait(struct takeover *takeover)
{
    struct pollfd watched = {.fd = takeover->fd, .events = POLLIN};
    int count;

    do {
        uint64_t now = clock_now();
        uint64_t rest = takeover->deadline > now ? takeover->deadline - now : 0;

        count = poll(&watched, 1, (int)(rest / US_PER_MS));
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

static bool is_what_it_says(const struct upgrade_socket *one)
{
    bool is_upgrade = strcmp(one->owner, "upgrade") == 0;

    return inherited_is_listening(one->fd, is_upgrade ? SOCK_SEQPACKET : SOCK_STREAM);
}

/* NULL: all of them are ours now. Else why not. */
static const char *takeover_keep_sockets(struct takeover *takeover)
{
    struct packet *packet = &takeover->packet;
    struct upgrade_sockets *sockets = &takeover->sockets;

    if (!upgrade_text_read_sockets((struct span){packet->text, packet->size}, sockets) ||
        sockets->count != packet->descriptor_count) {
        return "it does not keep to the handshake";
    }
    for (size_t i = 0; i < sockets->count; i++) {
        sockets->items[i].fd = packet->descriptors[i];
        if (!is_what_it_says(&sockets->items[i])) {
            return "it gives sockets that do not listen";
        }
    }
    for (size_t i = 0; i < sockets->count; i++) {
        const struct upgrade_socket *one = &sockets->items[i];

        packet->descriptors[i] = -1;
        inherited_add(one->fd, one->owner, &one->address, one->is_lent);
    }
    return NULL;
}

/* What stands behind "no", as a text in the packet. */
static const char *takeover_reason(struct takeover *takeover, struct span rest)
{
    char *reason = takeover->packet.text + (rest.at - takeover->packet.text);

    reason[rest.size] = '\0';
    return reason;
}

static const char *takeover_read_answer(struct takeover *takeover)
{
    struct packet *packet = &takeover->packet;
    struct span rest;

    if (!takeover_wait(takeover)) {
        return "it does not answer in time";
    }
    switch (packet_receive(takeover->fd, packet)) {
    case SOCKET_OK: break;
    case SOCKET_AGAIN:
    case SOCKET_EOF: return "it hung up";
    case SOCKET_ERROR: return strerror(errno);
    }
    switch (upgrade_text_word((struct span){packet->text, packet->size}, &rest)) {
    case UPGRADE_SOCKETS: return takeover_keep_sockets(takeover);
    case UPGRADE_NO: return takeover_reason(takeover, rest);
    case UPGRADE_OTHER_VERSION: return "it speaks another version of the handshake, expected 1";
    case UPGRADE_TAKE:
    case UPGRADE_READY:
    case UPGRADE_DONE:
    case UPGRADE_NONSENSE: break;
    }
    return "it does not keep to the handshake";
}

static const char *takeover_ask(struct takeover *takeover)
{
    if (!is_trusted(takeover->fd)) {
        return "it runs as another user";
    }
    if (!takeover_say(takeover, UPGRADE_TAKE, "")) {
        return strerror(errno);
    }
    return takeover_read_answer(takeover);
}

enum takeover_result takeover_begin(const struct config *config, struct takeover **takeover)
{
    int fd = packet_connect(config->upgrade_socket);

    if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED)) {
        return TAKEOVER_NOBODY;
    }
    if (fd < 0) {
        log_error("cannot ask the running slotway", "file=%s error=%s", config->upgrade_socket,
                  strerror(errno));
        return TAKEOVER_FAILED;
    }

    struct takeover *begun = memory_new(1, sizeof *begun);

    begun->fd = fd;
    begun->deadline = clock_now() + config->upgrade_timeout;
    *takeover = begun;

    const char *why = takeover_ask(begun);

    if (why != NULL) {
        log_error("the running slotway does not give its sockets", "file=%s reason=%s",
                  config->upgrade_socket, why);
        takeover_free(takeover);
        return TAKEOVER_FAILED;
    }
    log_info("the running slotway has given its sockets", "count=%zu", begun->sockets.count);
    return TAKEOVER_BEGUN;
}

static void takeover_end(struct takeover *takeover)
{
    takeover->state = TAKEOVER_OVER;
    ev_io_stop(takeover->reactor->loop, &takeover->readable);
    reactor_timer_stop(&takeover->look);
    reactor_timer_stop(&takeover->late);
}

static void takeover_fail(struct takeover *takeover, const char *why)
{
    log_error("no upgrade, the running slotway goes on", "reason=%s", why);
    (void)!takeover_say(takeover, UPGRADE_NO, "it cannot serve");
    takeover_end(takeover);
    takeover->hooks.failed(takeover->hooks.context);
}

static void takeover_serve(struct takeover *takeover)
{
    log_info("took over from the running slotway", "");
    events_post(EVENT_UPGRADE, NULL, NULL, "took over from the slotway that ran before");
    takeover_end(takeover);
    takeover->hooks.served(takeover->hooks.context);
}

/* Accepts from now on; both do, for a moment. */
static void takeover_open(struct takeover *takeover)
{
    char taken[PACKET_DESCRIPTORS_MAX + 1];
    size_t count = takeover->sockets.count;

    if (!takeover->hooks.open(takeover->hooks.context)) {
        takeover_fail(takeover, "it cannot listen");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        taken[i] = inherited_is_taken(i) ? '1' : '0';
    }
    taken[count] = '\0';
    inherited_close_rest();
    reactor_timer_stop(&takeover->look);
    reactor_timer_start(&takeover->late, DONE_PATIENCE_US);
    takeover->state = TAKEOVER_READY;
    /* Where it cannot be said, the old one is gone, or has given us up: which, is there to be read,
     * or will be. */
    takeover->was_heard = takeover_say(takeover, UPGRADE_READY, taken);
}

static void takeover_on_look(struct reactor_timer *timer)
{
    struct takeover *takeover = container_of(timer, struct takeover, look);

    if (takeover->hooks.is_ready(takeover->hooks.context)) {
        takeover_open(takeover);
        return;
    }
    reactor_timer_start(timer, LOOK_US);
}

static void takeover_on_late(struct reactor_timer *timer)
{
    struct takeover *takeover = container_of(timer, struct takeover, late);

    if (takeover->state == TAKEOVER_WAITING) {
        takeover_fail(takeover, "the cluster is not known in time");
        return;
    }
    if (!takeover->was_heard) {
        takeover_fail(takeover, "the old slotway does not listen any more");
        return;
    }
    log_warn("the old slotway does not say that it goes", "");
    takeover_serve(takeover);
}

/* It is gone without a word, so it cannot go on. */
static void takeover_on_gone(struct takeover *takeover)
{
    if (takeover->state == TAKEOVER_WAITING) {
        log_warn("the old slotway is gone", "");
        takeover_open(takeover);
        return;
    }
    takeover_serve(takeover);
}

/* Linux says that it went away without reading all before it gives what it said before that. */
static void takeover_on_error(struct takeover *takeover)
{
    if (errno != ECONNRESET) {
        takeover_on_gone(takeover);
    }
}

static void takeover_on_word(struct takeover *takeover)
{
    struct span text = {takeover->packet.text, takeover->packet.size};
    struct span rest;
    enum upgrade_word word = upgrade_text_word(text, &rest);

    if (takeover->state == TAKEOVER_READY && word != UPGRADE_NO) {
        if (word != UPGRADE_DONE) {
            log_warn("the old slotway does not keep to the handshake", "");
        }
        takeover_serve(takeover);
        return;
    }
    takeover_fail(takeover, word == UPGRADE_NO ? takeover_reason(takeover, rest)
                                               : "it does not keep to the handshake");
}

static void takeover_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct takeover *takeover = container_of(watcher, struct takeover, readable);

    switch (packet_receive(takeover->fd, &takeover->packet)) {
    case SOCKET_OK: takeover_on_word(takeover); return;
    case SOCKET_AGAIN: return;
    case SOCKET_EOF: takeover_on_gone(takeover); return;
    case SOCKET_ERROR: takeover_on_error(takeover); return;
    }
}

void takeover_go_on(struct takeover *takeover, struct reactor *reactor,
                    const struct takeover_hooks *hooks)
{
    uint64_t now = clock_now();

    takeover->reactor = reactor;
    takeover->hooks = *hooks;
    reactor_timer_init(&takeover->look, reactor, takeover_on_look);
    reactor_timer_init(&takeover->late, reactor, takeover_on_late);
    reactor_timer_start(&takeover->look, LOOK_US);
    reactor_timer_start(&takeover->late, takeover->deadline > now ? takeover->deadline - now : 0);
    ev_io_init(&takeover->readable, takeover_on_readable, takeover->fd, EV_READ);
    ev_io_start(reactor->loop, &takeover->readable);
}

bool takeover_is_undecided(const struct takeover *takeover)
{
    return takeover->state == TAKEOVER_READY;
}

const struct upgrade_sockets *takeover_sockets(const struct takeover *takeover)
{
    return &takeover->sockets;
}

void takeover_free(struct takeover **takeover)
{
    struct takeover *gone = *takeover;

    *takeover = NULL;
    if (gone == NULL) {
        return;
    }
    if (gone->reactor != NULL) {
        takeover_end(gone);
    }
    packet_clear(&gone->packet);
    close(gone->fd);
    free(gone);
}
