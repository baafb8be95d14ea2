#include "proxy/handover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/events.h"
#include "common/inherited.h"
#include "common/log.h"
#include "common/memory.h"

enum {
    ASK_PATIENCE_US = 2 * US_PER_SECOND, /* until somebody who connects says what it wants */
    MARGIN_PART = 4,                     /* of its time: a successor gives itself up first */
    FULL_PAUSE_US = 100 * US_PER_MS,     /* when there is no descriptor for it */
};

static const char owner_name[] = "upgrade";

enum handover_state { HANDOVER_IDLE, HANDOVER_ASKED, HANDOVER_GIVEN, HANDOVER_OVER };

struct handover {
    struct reactor *reactor;
    char path[PACKET_PATH_MAX + 1];
    uint64_t timeout; /* of a successor */
    struct handover_hooks hooks;
    enum handover_state state;
    enum socket_file file;
    int listener;
    int fd; /* the successor's; -1: none */
    pid_t successor;
    ev_io arrival;
    ev_io readable;
    struct reactor_timer patience;
    struct packet *packet;           /* scratch */
    struct upgrade_sockets *sockets; /* GIVEN: which */
};

static void handover_await(struct handover *handover)
{
    handover->state = HANDOVER_IDLE;
    ev_io_start(handover->reactor->loop, &handover->arrival);
}

static void handover_hang_up(struct handover *handover)
{
    if (handover->fd < 0) {
        return;
    }
    ev_io_stop(handover->reactor->loop, &handover->readable);
    reactor_timer_stop(&handover->patience);
    packet_clear(handover->packet);
    close(handover->fd);
    handover->fd = -1;
}

static bool handover_say(struct handover *handover, enum upgrade_word word, const char *rest)
{
    char text[UPGRADE_REASON_MAX + 64];
    size_t size = upgrade_text_print(word, rest, text, sizeof text);

    return packet_send(handover->fd, (struct span){text, size}, NULL, 0);
}

static void handover_fail(struct handover *handover, const char *why)
{
    log_warn("no successor takes over", "pid=%d reason=%s", (int)handover->successor, why);
    events_post(EVENT_REFUSED, NULL, NULL, "no successor takes over: %s", why);
    (void)!handover_say(handover, UPGRADE_NO, why);
    handover_hang_up(handover);
    handover_await(handover);
}

static void list_own(struct handover *handover)
{
    struct upgrade_sockets *sockets = handover->sockets;
    struct upgrade_socket *one = &sockets->items[sockets->count++];

    *one = (struct upgrade_socket){.fd = handover->listener};
    memcpy(one->owner, owner_name, sizeof owner_name);
    one->address.kind = ADDRESS_UNIX;
    memcpy(one->address.host, handover->path, sizeof handover->path);
}

static bool handover_send_sockets(struct handover *handover)
{
    const struct upgrade_sockets *sockets = handover->sockets;
    int descriptors[PACKET_DESCRIPTORS_MAX];
    size_t size = upgrade_text_print_sockets(sockets, handover->packet->text);

    for (size_t i = 0; i < sockets->count; i++) {
        descriptors[i] = sockets->items[i].fd;
    }
    return size > 0 && packet_send(handover->fd, (struct span){handover->packet->text, size},
                                   descriptors, sockets->count);
}

static void handover_give(struct handover *handover)
{
    handover->sockets->count = 0;
    list_own(handover);
    handover->hooks.list(handover->hooks.context, handover->sockets);
    if (!handover_send_sockets(handover)) {
        handover_fail(handover, "the sockets cannot be sent");
        return;
    }
    log_info("a successor has got the listening sockets", "pid=%d sockets=%zu",
             (int)handover->successor, handover->sockets->count);
    handover->state = HANDOVER_GIVEN;
    reactor_timer_start(&handover->patience, handover->timeout + handover->timeout / MARGIN_PART);
}

static void handover_replace(struct handover *handover, struct span taken)
{
    if (!upgrade_text_is_choice(taken, handover->sockets->count)) {
        handover_fail(handover, "it does not say which sockets it has taken");
        return;
    }
    handover->file = SOCKET_FILE_PREDECESSORS;
    handover->hooks.replaced(handover->hooks.context, handover->successor, handover->sockets,
                             taken.at);
    (void)!handover_say(handover, UPGRADE_DONE, "");
    handover_hang_up(handover);
    handover->state = HANDOVER_OVER;
}

static void handover_hear(struct handover *handover)
{
    struct span text = {handover->packet->text, handover->packet->size};
    struct span rest;
    enum upgrade_word word = upgrade_text_word(text, &rest);

    if (word == UPGRADE_TAKE && handover->state == HANDOVER_ASKED) {
        handover_give(handover);
    } else if (word == UPGRADE_READY && handover->state == HANDOVER_GIVEN) {
        handover_replace(handover, rest);
    } else if (word == UPGRADE_OTHER_VERSION) {
        handover_fail(handover, "it speaks another version of the handshake, expected 1");
    } else {
        handover_fail(handover, "it does not keep to the handshake");
    }
}

static void handover_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct handover *handover = container_of(watcher, struct handover, readable);

    switch (packet_receive(handover->fd, handover->packet)) {
    case SOCKET_OK: handover_hear(handover); return;
    case SOCKET_AGAIN: return;
    case SOCKET_EOF: handover_fail(handover, "it went away"); return;
    case SOCKET_ERROR: handover_fail(handover, strerror(errno)); return;
    }
}

/* Its "ready" and our "no" are not to cross, or both would serve: from here on it cannot say
 * anything any more, and what it has said is heard. */
static void handover_end_patience(struct handover *handover)
{
    if (shutdown(handover->fd, SHUT_RD) == 0 &&
        packet_receive(handover->fd, handover->packet) == SOCKET_OK) {
        handover_hear(handover);
        return;
    }
    handover_fail(handover, "it was not ready in time");
}

static void handover_on_late(struct reactor_timer *timer)
{
    struct handover *handover = container_of(timer, struct handover, patience);

    switch (handover->state) {
    case HANDOVER_IDLE: handover_await(handover); return;
    case HANDOVER_ASKED: handover_fail(handover, "it does not say what it wants"); return;
    case HANDOVER_GIVEN: handover_end_patience(handover); return;
    case HANDOVER_OVER: return;
    }
}

/* Its user, and that it is one: also what keeps others out where the file does not. */
static bool handover_admits(struct handover *handover, int fd)
{
    uid_t user;

    if (!packet_peer(fd, &handover->successor, &user)) {
        return false;
    }
    if (!packet_may(user, geteuid())) {
        log_warn("a stranger asks for the listening sockets", "pid=%d uid=%u",
                 (int)handover->successor, (unsigned)user);
        return false;
    }
    return true;
}

static void handover_on_arrival(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct handover *handover = container_of(watcher, struct handover, arrival);
    int fd = socket_accept(handover->listener, NULL);

    if (fd < 0 && errno != EAGAIN) {
        ev_io_stop(handover->reactor->loop, &handover->arrival);
        reactor_timer_start(&handover->patience, FULL_PAUSE_US);
    }
    if (fd < 0) {
        return;
    }
    if (!handover_admits(handover, fd)) {
        close(fd);
        return;
    }
    handover->fd = fd;
    handover->state = HANDOVER_ASKED;
    ev_io_stop(handover->reactor->loop, &handover->arrival);
    ev_io_set(&handover->readable, fd, EV_READ);
    ev_io_start(handover->reactor->loop, &handover->readable);
    reactor_timer_start(&handover->patience, ASK_PATIENCE_US);
}

static bool handover_listen(struct handover *handover)
{
    struct address address = {.kind = ADDRESS_UNIX};
    const struct listening_wish wish = {.owner = owner_name, .address = &address};

    memcpy(address.host, handover->path, sizeof handover->path);
    handover->file = SOCKET_FILE_OURS;
    handover->listener = inherited_take(&wish, &handover->file);
    if (handover->listener < 0) {
        handover->listener = packet_listen(handover->path);
    }
    return handover->listener >= 0;
}

struct handover *handover_new(struct reactor *reactor, const struct config *config,
                              const struct handover_hooks *hooks)
{
    struct handover *handover = memory_new(1, sizeof *handover);

    handover->reactor = reactor;
    snprintf(handover->path, sizeof handover->path, "%s", config->upgrade_socket);
    handover->timeout = config->upgrade_timeout;
    handover->hooks = *hooks;
    handover->fd = -1;
    if (!handover_listen(handover)) {
        log_error("cannot wait for a successor", "file=%s error=%s", config->upgrade_socket,
                  strerror(errno));
        free(handover);
        return NULL;
    }
    handover->packet = memory_new(1, sizeof *handover->packet);
    handover->sockets = memory_new(1, sizeof *handover->sockets);
    reactor_timer_init(&handover->patience, reactor, handover_on_late);
    ev_io_init(&handover->arrival, handover_on_arrival, handover->listener, EV_READ);
    ev_io_init(&handover->readable, handover_on_readable, -1, EV_READ);
    return handover;
}

void handover_start(struct handover *handover)
{
    if (handover->file == SOCKET_FILE_PREDECESSORS) {
        handover->file = SOCKET_FILE_OURS;
    }
    handover_await(handover);
}

bool handover_is_given(const struct handover *handover)
{
    return handover->state == HANDOVER_GIVEN;
}

void handover_spare_file(struct handover *handover)
{
    handover->file = SOCKET_FILE_PREDECESSORS;
}

/* A successor that has got the sockets may yet be the one who goes on with them. */
void handover_free(struct handover **handover)
{
    struct handover *gone = *handover;

    *handover = NULL;
    if (gone->state == HANDOVER_GIVEN) {
        gone->file = SOCKET_FILE_PREDECESSORS;
    }
    handover_hang_up(gone);
    reactor_timer_stop(&gone->patience);
    ev_io_stop(gone->reactor->loop, &gone->arrival);
    /* Before the socket: once nobody listens, the file may be another process's. */
    if (gone->file == SOCKET_FILE_OURS) {
        unlink(gone->path);
    }
    close(gone->listener);
    free(gone->packet);
    free(gone->sockets);
    free(gone);
}
