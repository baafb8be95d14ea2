/* client.h - one client: read, scan, dispatch, write.
 *
 *      readable ─> intake ─> scan ─> find ─> admit ─> route ─> dispatcher, fan-out or local answer
 *                                                                     │
 *      socket <─ flush, once per turn <─ output <─ pipeline <─────────┘ in request order
 *
 *      READING ⇄ PAUSED     PAUSED: it has too much unanswered or unread; nothing more is read
 *         │ ⇅      │         HELD: pause.h, its next request is to wait, and nothing more is read
 *         │ HELD   │
 *         └─> DRAINING      nothing more is read until everything is answered and written
 *                │  └─> LEAVING    farewell.h: the peer has not taken all of it yet
 *                │         │
 *              CLOSED <────┘     its memory is freed at the end of the turn
 *
 * While a request is served alone (alone.h), those behind it are read and not looked at.
 * Only client_close closes, and nothing that a reply triggers may call it: whoever finds in a
 * callback that a client must go, marks it with client_finish and lets the flush do it. Worker's
 * thread only.
 */
#ifndef PROXY_DOWNSTREAM_CLIENT_H
#define PROXY_DOWNSTREAM_CLIENT_H

#include "common/intake.h"
#include "proxy/downstream/clients.h"
#include "proxy/downstream/pipeline.h"
#include "proxy/downstream/session.h"
#include "proxy/pubsub/hub.h"

struct errand;
struct tls_context;
struct tracking;

/* What a client has that has ever said SUBSCRIBE or its like: subscribe.h. */
struct subscriptions {
    struct subscriber subscriber;
    struct client *client;
    struct errand *errand; /* those that are being made or ended; NULL: none */
};

#define CLIENT_STATES(STATE)                                                                       \
    STATE(READING, "requests are read", TO(PAUSED) | TO(HELD) | TO(DRAINING) | TO(CLOSED))         \
    STATE(PAUSED, "too much is unanswered", TO(READING) | TO(DRAINING) | TO(CLOSED))               \
    STATE(HELD, "waits for the end of a pause", TO(READING) | TO(DRAINING) | TO(CLOSED))           \
    STATE(DRAINING, "gets its last replies", TO(LEAVING) | TO(CLOSED))                             \
    STATE(LEAVING, "has all replies, and may not have taken them", TO(CLOSED))                     \
    STATE(CLOSED, "is gone", 0)

enum client_state {
#define STATE(symbol, text, next) CLIENT_##symbol,
    CLIENT_STATES(STATE)
#undef STATE
};

/* There are thousands, most of them idle: what few have is in extras.h, or made when it is first
 * needed, and what is needed for the request in hand only is in struct clients. */
struct client {
    struct list_link in_clients;
    struct clients *clients;
    ev_io watcher;          /* for reading, writing, both or nothing; it has the socket */
    struct turn_task flush; /* once it is CLOSED, its burial */
    enum client_state state : 8;
    enum pause_mode held_by : 8;        /* HELD: what was in force when it began */
    enum close_reason close_reason : 8; /* DRAINING: why it will be closed */
    bool skips_reply;                   /* CLIENT REPLY SKIP concerns the request in hand */
    bool was_refused; /* the request in hand, and so not executed: kept while monitored */
    bool is_monitor;  /* MONITOR was said */
    bool is_blocked;  /* the request that it waits for may block: blocked.h */
    bool is_alone;    /* no other request is begun until all on the pipeline are answered */
    struct session session;
    struct lane lane;
    struct inbound inbound;
    struct request_scan scan;
    struct pipeline pipeline;
    struct sendq output;
    size_t reply_size;         /* what its next replies may be: the last ones, large ones longer */
    uint64_t unfinished_since; /* when the request that is being read began */
};

/* Has it not been told to go? */
static inline bool client_is_open(const struct client *client)
{
    return client->state == CLIENT_READING || client->state == CLIENT_PAUSED ||
           client->state == CLIENT_HELD;
}

static inline int client_fd(const struct client *client)
{
    return client->watcher.fd;
}

/* NULL: CLIENT TRACKING is off. */
static inline struct tracking *client_tracking(const struct client *client)
{
    return unlikely(client->session.is_tracking) ? client->session.extras->tracking : NULL;
}

/* NULL: it never had any. */
static inline struct subscriptions *client_subscriptions(const struct client *client)
{
    return unlikely(client->session.has_subscribed) ? client->session.extras->subscriptions : NULL;
}

/* Is it subscribed to anything? */
static inline bool client_is_subscribed(const struct client *client)
{
    const struct subscriptions *subscriptions = client_subscriptions(client);

    return subscriptions != NULL && subscriber_is_active(&subscriptions->subscriber);
}

/* The client's; NULL where slotway knows the users. */
static inline struct identity *client_identity(const struct client *client)
{
    return unlikely(client->clients->identities.is_on)
               ? container_of((struct acl_user *)client->session.user, struct identity, user)
               : NULL;
}

/* What sends the client's requests. */
static inline struct dispatcher *client_dispatcher(const struct client *client)
{
    const struct identity *identity = client_identity(client);

    return likely(identity == NULL) ? client->clients->dispatcher : identity->dispatcher;
}

/* Takes the socket. The client is on `clients` until it is closed, which is in a later turn. With
 * `tls` it speaks TLS, and a reference is taken; NULL: without. */
struct client *client_open(struct clients *clients, int fd, struct tls_context *tls);

/* `received` bytes have been read to its inbound, or `result` came instead, or both. */
void client_take(struct client *client, enum socket_result result, size_t received);

/* At once: its requests are given up, its memory is freed at the end of the turn. Not from inside a
 * reply's callback, nor while the client's own requests are being scanned. */
void client_close(struct client *client, enum close_reason reason);

/* Reads no more, answers what it has, then closes; sooner if the peer takes nothing for too long.
 * From anywhere. */
void client_finish(struct client *client, enum close_reason reason);

/* It speaks RESP2 or RESP3 from the next reply on. Nothing may be on its pipeline. */
void client_speak(struct client *client, int protocol);

/* Reads no more until some of what it has is answered and taken. */
void client_pause(struct client *client);

/* The request in hand is to wait for the end of a pause of that kind. */
void client_hold(struct client *client, enum pause_mode mode);

/* Where the reply to the request in hand is to be composed, and then client_reply_end. It leaves
 * when its turn has come. */
struct sendq *client_reply_begin(struct client *client, const struct command *command);
void client_reply_end(struct client *client);

/* Puts a request of the client's on its pipeline that somebody will settle later, with
 * request_settle: for answers that other threads or nodes contribute to. `bytes` is the request in
 * hand as it would go to a node. */
struct request *client_request_begin(struct client *client, const struct command *command,
                                     struct block *block, struct span bytes) MUST_USE;

/* Puts `push`, which nobody asked for, where it follows all that is on the pipeline; leaves it
 * empty. A client that is going away gets none. */
void client_push(struct client *client, struct sendq *push);

/* The `done` of these requests: for those who want to look at the answer first, or change it. */
request_done client_on_done;

/* An error of the proxy's own as the reply to the request in hand. */
void client_refuse(struct client *client, const struct command *command, enum error_symbol symbol,
                   const char *detail);

#endif
