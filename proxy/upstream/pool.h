/* pool.h - a worker's connections to one node.
 *
 *      pool ── upstream 0 ── socket        a client always uses the same one of them,
 *        └──── upstream 1 ── socket        so that its order is the connection's order
 *
 * Connects on first use. While a node cannot be reached, one attempt at a time is made, at growing
 * and jittered distances; what wants to be sent meanwhile is refused by pool_accepts() and is the
 * dispatcher's to hold back. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_POOL_H
#define PROXY_UPSTREAM_POOL_H

#include "config/config.h"
#include "proxy/cluster/topology.h"
#include "proxy/upstream/upstream.h"

enum return_reason {
    RETURN_UNSENT, /* certainly never left: may be sent again */
    RETURN_LOST,   /* a node may have executed it */
};

/* What a pool tells its dispatcher. None of these may close an upstream. */
struct pool_events {
    void (*replied)(struct pool *pool, struct request *request, struct block *block,
                    struct span reply);
    void (*returned)(struct pool *pool, struct request *request, enum return_reason reason);
    void (*ready)(struct pool *pool);       /* a connection is ready after there was none */
    void (*unreachable)(struct pool *pool); /* a connection broke or could not be made */
};

/* What all pools of a dispatcher share. */
struct pool_site {
    struct reactor *reactor;
    struct intake *intake; /* where replies are read to */
    const struct pool_config *config;
    struct metrics *metrics;
    const struct pool_events *events;
    void *dispatcher;
};

struct pool {
    const struct pool_site *site;
    char id[NODE_ID_SIZE + 1]; /* "" for an address that a redirect named and no picture knows */
    struct address address;
    struct endpoint endpoint;
    char name[300];      /* "host:port", for logs and errors */
    uint32_t serial;     /* never another pool's of the same dispatcher */
    uint16_t index;      /* among its dispatcher's pools */
    bool is_primary;     /* in the picture in use */
    bool is_leaving;     /* no picture names it any more: closes when nothing is in flight */
    uint32_t attempts;   /* failures to connect in a row */
    uint64_t retry_at;   /* no attempt before this time */
    uint64_t down_since; /* 0: reachable, or not tried yet */
    uint32_t upstream_count;
    struct upstream upstreams[];
};

struct pool *pool_new(const struct pool_site *site, const char *id, const struct address *address,
                      const struct endpoint *endpoint) MUST_USE;

/* Closes what is open. Requests are given back through the events first. */
void pool_free(struct pool **pool);

/* Is the connection that clients with this number use ready? */
bool pool_is_ready(const struct pool *pool, uint64_t lane_number);

/* May a request of a client with this number be given to the pool now? Not while the connection it
 * would use is down and waits to be tried again. */
bool pool_accepts(const struct pool *pool, uint64_t lane_number);

/* Has the connection that clients with this number use as many requests unanswered, or as many
 * bytes unsent, as it may? */
bool pool_is_full(const struct pool *pool, uint64_t lane_number);

/* Sends `request` on the connection that clients with this number use. The pool must accept. */
void pool_send(struct pool *pool, struct request *request, uint64_t lane_number);

/* Is no request in flight or waiting here? */
bool pool_is_idle(const struct pool *pool);

/* Tries all connections that are down when it is time to, without a request: how a dead node is
 * noticed to be back. */
void pool_probe(struct pool *pool);

/* For upstreams: a connection is ready, or could not be made, or broke. */
void pool_on_ready(struct pool *pool);
void pool_on_failure(struct pool *pool, enum close_reason reason, const char *error);

#endif
