#include "proxy/downstream/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/network.h"
#include "common/tls_context.h"
#include "proxy/downstream/arrival.h"
#include "proxy/downstream/client.h"
#include "proxy/downstream/listening.h"

enum {
    ACCEPTS_PER_TURN = 64, /* so that a crowd at the door does not keep signals waiting */
    FULL_PAUSE_US = 100 * US_PER_MS,
    DESCRIPTORS_RESERVED =
        256, /* for nodes, the admin page and ourselves; not more than a quarter */
};

struct listener {
    struct reactor *reactor;
    struct house *house;
    struct reactor_timer pause;
    struct networks balancers; /* clients.proxy_protocol_from */
    struct tls_context *tls;   /* of who is accepted now on tls.listen; NULL: there is none */
    uint64_t clients_max;      /* clients.max, or as many as there are descriptors for */
    bool is_failing;           /* the last try to accept failed */
    struct list sockets;       /* of struct listening_socket */
};

static struct listening_socket *socket_at(struct list_link *link)
{
    return container_of(link, struct listening_socket, link);
}

/* A socket on its way to a worker. */
struct newcomer {
    struct message message;
    struct clients *clients;
    struct tls_context *tls; /* NULL: without TLS */
    int fd;
    bool is_passed_on; /* by a load balancer: says first whose it is */
};

static void newcomer_deliver(struct message *message)
{
    struct newcomer *newcomer = container_of(message, struct newcomer, message);

    if (newcomer->is_passed_on) {
        arrival_open(newcomer->clients, newcomer->fd, newcomer->tls);
    } else {
        client_open(newcomer->clients, newcomer->fd, newcomer->tls);
    }
    tls_context_release(&newcomer->tls);
    free(newcomer);
}

static void newcomer_drop(struct message *message)
{
    struct newcomer *newcomer = container_of(message, struct newcomer, message);

    close(newcomer->fd);
    tls_context_release(&newcomer->tls);
    free(newcomer);
}

static size_t emptiest_worker(const struct house *house)
{
    size_t best = 0;

    for (size_t i = 1; i < house->worker_count; i++) {
        if (atomic_load(house->clients[i]->load) < atomic_load(house->clients[best]->load)) {
            best = i;
        }
    }
    return best;
}

static void listener_hand_over(const struct listening_socket *listening, int fd,
                               const struct endpoint *peer)
{
    const struct listener *listener = listening->owner;
    struct house *house = listener->house;
    size_t worker = emptiest_worker(house);
    struct newcomer *newcomer = memory_new(1, sizeof *newcomer);

    atomic_fetch_add(&house->client_count, 1);
    atomic_fetch_add(house->clients[worker]->load, 1);
    newcomer->message.deliver = newcomer_deliver;
    newcomer->message.drop = newcomer_drop;
    newcomer->clients = house->clients[worker];
    newcomer->fd = fd;
    newcomer->is_passed_on = networks_have(&listener->balancers, peer);
    newcomer->tls = listening->is_encrypted ? tls_context_take(listener->tls) : NULL;
    mailbox_post(house->mailboxes[worker], &newcomer->message);
}

/* In Redis's words, without waiting for what the client may be sending; and like Redis without a
 * word where that would take a handshake. */
static void listener_turn_away(const struct listening_socket *listening, int fd)
{
    struct listener *listener = listening->owner;
    static const char words[] = "-ERR max number of clients reached\r\n";
    ssize_t sent = listening->is_encrypted
                       ? 0
                       : send(fd, words, sizeof words - 1, MSG_NOSIGNAL | MSG_DONTWAIT);

    log_warn("too many clients", "pool=%s max=%llu told=%d", listener->house->pool->name,
             (unsigned long long)listener->clients_max, sent > 0);
    atomic_fetch_add(&listener->house->rejected_count, 1);
    close(fd);
}

static void listener_watch(struct listener *listener)
{
    LIST_EACH (link, &listener->sockets) {
        ev_io_start(listener->reactor->loop, &socket_at(link)->readable);
    }
}

/* No descriptor is left, for one: the waiting connection stays readable, so looking away is the
 * only way not to spin. */
static void listener_pause(struct listener *listener)
{
    if (!listener->is_failing) {
        log_error("cannot accept clients", "pool=%s error=%s", listener->house->pool->name,
                  strerror(errno));
    }
    listener->is_failing = true;
    atomic_fetch_add(&listener->house->accept_pauses, 1);
    LIST_EACH (link, &listener->sockets) {
        ev_io_stop(listener->reactor->loop, &socket_at(link)->readable);
    }
    reactor_timer_start(&listener->pause, FULL_PAUSE_US);
}

static void listener_on_pause_over(struct reactor_timer *timer)
{
    listener_watch(container_of(timer, struct listener, pause));
}

static void listener_on_accepted(const struct listening_socket *listening, int fd,
                                 const struct endpoint *peer)
{
    struct listener *listener = listening->owner;

    if (unlikely(listener->is_failing)) {
        listener->is_failing = false;
        log_info("accepting clients again", "pool=%s", listener->house->pool->name);
    }
    if (atomic_load(&listener->house->client_count) >= listener->clients_max) {
        listener_turn_away(listening, fd);
        return;
    }
    listener_hand_over(listening, fd, peer);
}

enum accepted { ACCEPTED_ALL, ACCEPTED_SOME, ACCEPT_FAILED };

static enum accepted listener_accept(const struct listening_socket *listening)
{
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct endpoint peer;
        int fd = socket_accept(listening->fd, &peer);

        if (fd >= 0) {
            listener_on_accepted(listening, fd, &peer);
        } else if (errno == EAGAIN) {
            return ACCEPTED_ALL;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return ACCEPT_FAILED;
        }
    }
    return ACCEPTED_SOME;
}

static void listener_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct listening_socket *listening = container_of(watcher, struct listening_socket, readable);

    if (listener_accept(listening) == ACCEPT_FAILED) {
        listener_pause(listening->owner);
    }
}

/* Clients shall not take what connections to nodes need. */
static uint64_t descriptors_for_clients(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return UINT64_MAX;
    }
    return limit.rlim_cur - size_min(DESCRIPTORS_RESERVED, limit.rlim_cur / 4);
}

/* Whether it makes sense has been looked at with the rest of the configuration. */
static void listener_trust(struct listener *listener)
{
    const char *text = listener->house->pool->proxy_protocol_from;
    struct span wrong;

    networks_clear(&listener->balancers);
    CHECK(text == NULL || networks_parse(&listener->balancers, span_of(text), &wrong));
}

static void listener_begin(struct listener *listener, struct listening_socket *listening)
{
    char text[sizeof listening->address + 16];

    listening->stage = LISTENING_KEPT;
    listening->owner = listener;
    /* Who begins to accept does not fail any more. */
    listening_adopt(listening, listener->house->pool);
    ev_io_init(&listening->readable, listener_on_readable, listening->fd, EV_READ);
    log_info("listening", "pool=%s address=%s tls=%s", listener->house->pool->name,
             address_print(&listening->address, text, sizeof text),
             listening->is_encrypted ? "yes" : "no");
}

/* Who has come to it already is served; and no more than could have been waiting, where it still
 * listens for others, for then there may be no end of those who come. */
static void listener_accept_last(const struct listening_socket *listening)
{
    bool is_lent = listening->file == SOCKET_FILE_LENT;
    uint64_t taken = 0;

    while ((!is_lent || taken <= listening->backlog) &&
           listener_accept(listening) == ACCEPTED_SOME) {
        taken += ACCEPTS_PER_TURN;
    }
}

static void listener_end(struct listener *listener, struct listening_socket *listening)
{
    char text[sizeof listening->address + 16];

    listening_retire(listening);
    listener_accept_last(listening);
    log_info("listening no more", "pool=%s address=%s", listener->house->pool->name,
             address_print(&listening->address, text, sizeof text));
    ev_io_stop(listener->reactor->loop, &listening->readable);
    listening_close(&listening);
}

void listener_plan(struct listener *listener, const struct pool_config *next)
{
    listening_plan(&listener->sockets, next);
}

bool listener_bind(struct listener *listener, const struct pool_config *next,
                   struct config_errors *errors)
{
    return listening_bind(&listener->sockets, next, errors);
}

bool listener_listen(struct listener *listener, const struct pool_config *next,
                     struct config_errors *errors)
{
    return listening_listen(&listener->sockets, next, errors);
}

void listener_undo(struct listener *listener)
{
    listening_undo(&listener->sockets);
}

void listener_commit(struct listener *listener)
{
    const struct pool_config *config = listener->house->pool;

    listener->clients_max = size_min(config->clients_max, descriptors_for_clients());
    listener_trust(listener);
    LIST_EACH_SAFE (link, &listener->sockets) {
        struct listening_socket *listening = socket_at(link);

        switch (listening->stage) {
        case LISTENING_NEW: listener_begin(listener, listening); break;
        case LISTENING_KEPT: listening_refresh(listening, config); break;
        case LISTENING_LEAVING: listener_end(listener, listening); break;
        }
    }
    if (!reactor_timer_is_running(&listener->pause)) {
        listener_watch(listener);
    }
}

void listener_use_tls(struct listener *listener, struct tls_context *tls)
{
    tls_context_release(&listener->tls);
    listener->tls = tls_context_take(tls);
}

struct listener *listener_open(struct reactor *reactor, struct house *house,
                               struct tls_context *tls)
{
    struct listener *listener = memory_new(1, sizeof *listener);
    struct config_errors errors = {0};

    listener->reactor = reactor;
    listener->house = house;
    list_init(&listener->sockets);
    reactor_timer_init(&listener->pause, reactor, listener_on_pause_over);
    if (tls != NULL) {
        listener_use_tls(listener, tls);
    }
    bool is_open = listener_bind(listener, house->pool, &errors);
    config_errors_clear(&errors);
    if (!is_open) {
        listener_undo(listener);
        tls_context_release(&listener->tls);
        free(listener);
        return NULL;
    }
    return listener;
}

void listener_start(struct listener *listener)
{
    listener_commit(listener);
}

bool listener_socket_at(const struct listener *listener, size_t number,
                        struct listener_socket *found)
{
    LIST_EACH (link, &listener->sockets) {
        const struct listening_socket *listening = socket_at(link);

        if (number-- == 0) {
            *found = (struct listener_socket){.fd = listening->fd,
                                              .is_lent = listening->file == SOCKET_FILE_LENT,
                                              .address = &listening->address};
            return true;
        }
    }
    return false;
}

void listener_spare_file(struct listener *listener, const struct address *address)
{
    LIST_EACH (link, &listener->sockets) {
        if (address_equal(&socket_at(link)->address, address)) {
            socket_at(link)->file = SOCKET_FILE_PREDECESSORS;
        }
    }
}

void listener_close(struct listener **listener)
{
    struct listener *gone = *listener;

    *listener = NULL;
    reactor_timer_stop(&gone->pause);
    LIST_EACH_SAFE (link, &gone->sockets) {
        struct listening_socket *listening = socket_at(link);

        ev_io_stop(gone->reactor->loop, &listening->readable);
        listening_close(&listening);
    }
    networks_clear(&gone->balancers);
    tls_context_release(&gone->tls);
    free(gone);
}
