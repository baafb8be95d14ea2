/* pool.h - a worker's connections to one node, and whether it is fit to be given requests.
 *
 *      pool ── upstream 0 ── socket        a client always uses the same one of those of its
 *        ├──── upstream 1 ── socket        dialect, so that its order is the connection's
 *        ├──── reserved ──── socket        for probes, and to end scripts; rarely open
 *        └──── privates ──── sockets       private.h: each one client's for a while
 *
 * Connects on first use. While a node cannot be reached, one attempt at a time is made, at growing
 * and jittered distances; what wants to be sent meanwhile is refused by pool_accepts() and is the
 * dispatcher's to hold back. A node that is connected and silent has a breaker:
 *
 *      CLOSED ── owes answers, sends nothing ──> SUSPECT ── no answer to the probe ──> OPEN
 *        ^ ^                                        |                                    |
 *        | └── the probe is answered: slow, alive ──┘            probes, ever more seldom|
 *        └────── a probe is answered, or any byte comes over the old connections ────────┘
 *
 * An open breaker costs nobody an error by itself: what would have gone into a dead socket, with an
 * unknown outcome, waits at a gate instead, for this node or its successor. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_POOL_H
#define PROXY_UPSTREAM_POOL_H

#include "config/config.h"
#include "proxy/cluster/topology.h"
#include "proxy/metrics/node_board.h"
#include "proxy/upstream/knocking.h"
#include "proxy/upstream/upstream.h"

enum return_reason {
    RETURN_UNSENT, /* certainly never left: may be sent again */
    RETURN_LOST,   /* a node may have executed it */
};

/* What a pool tells its dispatcher. None of these may close an upstream. */
struct pool_events {
    /* An answer that is to be looked at: an error, or one to a request that is not plain. All
     * others settle their requests at once. */
    void (*replied)(struct pool *pool, struct request *request, struct block *block,
                    struct span reply);
    void (*returned)(struct pool *pool, struct request *request, enum return_reason reason);
    /* A connection broke that had these in flight, `sent` bytes of whose stream have left. They are
     * given back one by one when this returns; none may be settled here. */
    void (*breaking)(struct pool *pool, struct list *requests, uint64_t sent);
    void (*ready)(struct pool *pool);       /* a connection is ready after there was none */
    void (*unreachable)(struct pool *pool); /* a connection broke or could not be made */
    void (*stalled)(struct pool *pool);     /* its breaker has opened */
    /* A push came over a tracked connection, between two answers. */
    void (*pushed)(struct pool *pool, enum dialect dialect, struct span push);
    /* Of what has changed until now nobody may have told: a tracked connection of that dialect has
     * closed, or one for broadcasts is ready. */
    void (*forgot)(struct pool *pool, enum dialect dialect);
};

/* What all pools of a dispatcher share. */
struct pool_site {
    struct reactor *reactor;
    struct intake *intake; /* where replies are read to */
    const struct pool_config *config;
    struct metrics *metrics;
    const struct pool_events *events;
    void *dispatcher;
    struct node_door *door; /* what new connections go through; NULL: they are plain */
    const struct credentials *credentials; /* of the clients' user; NULL: slotway's own */
};

/* By their place; the same links as in the upstreams. */
struct privates {
    struct list at[PRIVATE_PLACES];
    uint32_t count[PRIVATE_PLACES];
    struct knocking knocking; /* of new ones, while the node is reached by the shared ones */
};

/* Places by the number of a script; forgotten when a connection breaks: the node may be a new one.
 */
enum { POOL_SCRIPTS = 1024 };

enum { DENIAL_SIZE = 200 };

enum breaker { BREAKER_CLOSED, BREAKER_SUSPECT, BREAKER_OPEN };

struct mending;

struct pool {
    const struct pool_site *site;
    char id[NODE_ID_SIZE + 1]; /* "" for an address that a redirect named, until it is known */
    struct address address;
    struct endpoint endpoint;
    char name[300];      /* "host:port", for logs and errors */
    uint32_t serial;     /* never another pool's of the same dispatcher */
    uint16_t index;      /* among its dispatcher's pools */
    bool is_primary;     /* in the picture in use */
    bool is_patched_in;  /* owns slots by a redirection that no picture has confirmed */
    bool is_halted;      /* an operator has slotway send it nothing: obey.h */
    bool is_drained;     /* and wants nothing to be kept there: likewise */
    bool is_leaving;     /* no picture names it any more: closes when nothing is in flight */
    uint32_t attempts;   /* failures to connect in a row */
    bool is_untold;      /* of these nobody was told: a user of the node's may be gone. This and */
    bool misses_node;    /* that it finds the node out of reach are outage.h's */
    uint64_t retry_at;   /* no attempt before this time */
    uint64_t down_since; /* 0: reachable, or not tried yet */
    uint64_t resumed_at; /* when it was last halted no more; 0: never */
    enum breaker breaker;
    uint64_t suspect_at; /* not suspected again before this */
    bool is_known;       /* has been in a picture */
    bool takes_multi;    /* said +OK to the last MULTI */
    struct mending
        *mending;           /* brings functions to the node; NULL. The next three are mending.h's */
    bool was_mended;        /* the last one had some to bring, */
    uint64_t mended_at;     /* and the last one that had ended then; 0: none */
    uint64_t mend_again_at; /* not before this time */
    uint64_t *scripts; /* POOL_SCRIPTS places for those that the node has; NULL: none. For heal.h */
    struct node_counts *counts;   /* with its worker's other pools of that name */
    uint8_t login;                /* which of our passwords was right last */
    uint32_t denials;             /* so many times in a row, while somebody asked */
    uint64_t denied_until;        /* it does not want the user: `denial` until then; 0: it does */
    char denial[DENIAL_SIZE];     /* in its words */
    struct tls_memory tls_memory; /* makes the next handshakes short */
    uint64_t tls_logged_at;
    struct privates privates;
    struct upstream *only[LANE_DIALECTS]; /* the shared one of each dialect; NULL: several */
    uint32_t each_dialect;                /* how many shared ones there are of each dialect, */
    uint32_t upstream_count;              /* and of all; behind them the reserved one */
    struct upstream upstreams[];
};

struct pool *pool_new(const struct pool_site *site, const char *id, const struct address *address,
                      const struct endpoint *endpoint) MUST_USE;

/* Closes what is open. Requests are given back through the events first. */
void pool_free(struct pool **pool);

/* Is any shared connection ready? */
bool pool_is_connected(const struct pool *pool);

/* Is the node out of reach for clients with this lane number: silent, or their connection broken
 * and not made again yet? */
bool pool_is_down(const struct pool *pool, uint64_t lane_number);

/* May a request of a client with this number be given to the pool now? Not while the connection it
 * would use is down and waits to be tried again, nor while the breaker is open. */
bool pool_accepts(const struct pool *pool, uint64_t lane_number);

/* Has the connection that clients with this number use as many requests unanswered, or as many
 * bytes of them, as it may? */
bool pool_is_full(const struct pool *pool, uint64_t lane_number);

/* The same of the reserved connection. */
bool pool_is_reserved_full(const struct pool *pool);

/* The node's redirections lead in circles on the connection that clients with this number use: at
 * its address may live another one by now. The connection is made anew when all that is in flight
 * on it is answered. At most once a second, and never at the cost of a request. */
void pool_renew(struct pool *pool, uint64_t lane_number);

/* Is it being emptied for that? New requests wait then, for a moment. */
bool pool_is_emptied(const struct pool *pool, uint64_t lane_number);

/* Sends `request` on the connection that clients with this number use. The pool must accept. */
void pool_send(struct pool *pool, struct request *request, uint64_t lane_number);

/* Sends `request` on the reserved connection, past whatever keeps the others waiting. */
void pool_send_reserved(struct pool *pool, struct request *request);

/* Would a request of a client with this number be denied, without another question? */
bool pool_denies(const struct pool *pool, uint64_t lane_number);

/* Is no request in flight or waiting here? */
bool pool_is_idle(const struct pool *pool);

/* Tries all connections that are down when it is time to, without a request, and probes a node
 * whose breaker is open: how a dead node is noticed to be back. */
void pool_probe(struct pool *pool);

/* The node owes answers and is silent: probes it. Returns false when that is under way already, or
 * was done a moment ago. */
bool pool_suspect(struct pool *pool);

/* Asks on a connection of all clients that has nothing to do, if there is one. What comes of it the
 * watch finds out: an answer is life, and silence is that of a request. */
void pool_ping(struct pool *pool);

/* Does the pool need looking after although it has nothing in flight? */
static inline bool pool_is_ill(const struct pool *pool)
{
    return pool->attempts > 0 || pool->breaker != BREAKER_CLOSED;
}

/* The only writer of ->breaker. */
void pool_set_breaker(struct pool *pool, enum breaker next);

/* The only writer of ->is_halted and ->resumed_at. */
void pool_set_halted(struct pool *pool, bool is_halted);

/* Since when the node is missed: out of reach, while an operator does not work on it. */
static inline uint64_t pool_missed_since(const struct pool *pool)
{
    return pool->down_since > pool->resumed_at ? pool->down_since : pool->resumed_at;
}

/* Says anew whether `upstream` is fit for requests: when what that depends on has changed. */
void pool_judge(struct upstream *upstream);

/* Is it? The long way to its is_fit. */
bool pool_finds_fit(const struct upstream *upstream);

/* `upstream` is to be made anew when nothing is in flight on it. */
void pool_wear(struct upstream *upstream);

/* For upstreams: a shared connection is ready, or could not be made, or broke. */
void pool_on_ready(struct pool *pool);
void pool_on_failure(struct pool *pool, enum close_reason reason, const char *error);

/* For upstreams: the node does not want the user of this pool's connections, and says `reply`. It
 * lives, so nobody is in trouble but that user. */
void pool_on_denied(struct pool *pool, struct span reply);

/* It is known that the user is well now: whoever asks next is not told what the node said before.
 */
void pool_forgive(struct pool *pool);

/* Has it said so a moment ago? */
bool pool_is_denied(const struct pool *pool);

/* The connection that clients with this number use. */
static inline struct upstream *pool_pick(struct pool *pool, uint64_t lane_number)
{
    uint64_t dialect = lane_number % LANE_DIALECTS;
    struct upstream *only = pool->only[dialect];

    if (likely(only != NULL)) {
        return only;
    }
    return &pool->upstreams[dialect * pool->each_dialect +
                            lane_number / LANE_DIALECTS % pool->each_dialect];
}

/* Does the node tell of changes to what clients with this number have just read? */
bool pool_is_tracking(struct pool *pool, uint64_t lane_number);

/* Is it time for an attempt to connect, after those that failed? */
bool pool_may_connect(const struct pool *pool);

/* Has every change told to this worker, or not any more. To be said again and again: a connection
 * that is lost is made anew by that. */
void pool_listen(struct pool *pool);
void pool_listen_no_more(struct pool *pool);

/* Is it told now? */
bool pool_is_listening(const struct pool *pool);

/* For upstreams: one that has pushes is ready; a tracked one was ready, and has closed. */
void pool_on_tracked(struct upstream *upstream);
void pool_on_untracked(struct upstream *upstream);

/* For upstreams: TLS has failed on a connection; the log has not heard of it when that was
 * `quiet`. */
void pool_on_tls_failure(struct pool *pool, bool quiet, const char *error);

/* For upstreams: is that there which this one depends on? If not, it is being made, and this one
 * is connected when it is. And: the node's client to redirect to. */
bool pool_may_open(struct upstream *upstream);
uint64_t pool_redirect(const struct upstream *upstream);

/* For upstreams: nothing is left to do on this one, which is reserved, or to be made anew. */
void pool_on_done(struct pool *pool, struct upstream *upstream);

/* For upstreams: bytes came over a shared connection while the node was suspected. */
void pool_on_life(struct pool *pool);

/* For the reserved upstream: the node has answered its greeting, or has not. */
void pool_on_probe_answered(struct pool *pool);
void pool_on_probe_failed(struct pool *pool, enum close_reason reason, const char *error);

#endif
