/* upstream.h - one connection to one node: states, and who waits for which reply.
 *
 *      waiting (not connected yet)      in flight, oldest first
 *      [ r7 r8 r9 ]  ── READY ──>       [ r1 r2 r3 | r4 r5 r6 ]
 *                                         handed to the kernel | still in `output`
 *
 *      stream_sent is the number of bytes the kernel has taken since the connection was made; a
 *      request whose offset is at or behind it certainly never left.
 *
 * A node answers in the order it was asked, so the first in flight owns the next reply. Nothing is
 * ever taken out of the middle: a request that was given up stays as an orphan until its reply has
 * come and been swallowed. Owned by its pool; worker's thread only.
 */
#ifndef PROXY_UPSTREAM_UPSTREAM_H
#define PROXY_UPSTREAM_UPSTREAM_H

#include "common/resp_scan.h"
#include "proxy/request/request.h"
#include "proxy/upstream/greeting.h"
#include "proxy/upstream/node_socket.h"

struct pool;

enum upstream_use {
    USE_SHARED,   /* by all clients of its dialect */
    USE_RESERVED, /* for probes, and for what ends a script that runs too long */
    USE_PRIVATE,  /* by one request at a time, or for as long as its holder keeps it: private.h */
};

enum private_place { PRIVATE_NEW, PRIVATE_BUSY, PRIVATE_RESTING, PRIVATE_SPENT, PRIVATE_PLACES };

#define UPSTREAM_STATES(STATE)                                                                     \
    STATE(IDLE, "no connection", TO(CONNECTING))                                                   \
    STATE(CONNECTING, "waiting for connect() and TLS", TO(GREETING) | TO(IDLE))                    \
    STATE(GREETING, "sent the greeting, waiting for its answers", TO(READY) | TO(IDLE))            \
    STATE(READY, "requests flow", TO(IDLE))

enum upstream_state {
#define STATE(symbol, text, next) UPSTREAM_##symbol,
    UPSTREAM_STATES(STATE)
#undef STATE
};

struct upstream {
    struct pool *pool;
    enum upstream_state state;
    uint32_t in_flight_count;
    uint32_t waiting_count;
    uint32_t told_in_flight; /* what the metrics have of in_flight_count */
    uint32_t untold_count;   /* requests put in flight that the metrics do not have yet */
    enum upstream_use use;
    enum dialect dialect;
    bool is_fit;      /* SHARED: takes plain requests while there is room. pool_judge() */
    bool is_used;     /* something was sent on it, or would have been */
    bool is_finished; /* PRIVATE: nothing more may be sent; closes when nothing is in flight */
    enum private_place place;  /* PRIVATE */
    struct list_link in_place; /* PRIVATE: among the pool's of its place */
    struct upstream **holder;  /* PRIVATE: where its holder knows it by; NULL: nobody holds it */
    uint64_t resting_since;    /* PRIVATE, RESTING */
    bool is_in_multi;          /* PRIVATE: its node may be queueing commands for EXEC */
    bool is_introduced;        /* PRIVATE: the node was asked by what number it knows it */
    int64_t number;      /* PRIVATE: which is this; 0: not known yet, below: it does not tell */
    uint64_t wake_lane;  /* PRIVATE: for private_wake, when somebody is to be woken */
    uint64_t worn_since; /* to be made anew when nothing is in flight; 0: not */
    uint64_t renewed_at; /* when that was last wanted */
    struct greeting greeting;
    struct list in_flight;      /* requests, oldest first */
    struct list waiting;        /* requests for when the connection is ready, oldest first */
    struct list unsent;         /* struct sample of those whose bytes are not all with the kernel */
    uint64_t begun_at;          /* when the connection was last begun */
    uint64_t earliest_deadline; /* no request in flight or waiting is due before this */
    uint64_t last_read;         /* when bytes last came */
    uint64_t owes_since;        /* since when something is in flight */
    uint64_t stream_queued;
    uint64_t stream_sent;
    uint64_t stream_oldest_end; /* where the oldest in flight ends, or did when last looked at: with
                                 * in_flight_publish */
    uint64_t gated_to;  /* what is in flight up to here in the stream has been given its gates */
    uint64_t walked_at; /* the turn in which slots were last looked for in flight, */
    uint32_t walks;     /* and how many in that turn */
    struct sendq output;
    struct inbound inbound;
    struct reply_scan scan;
    struct turn_task flush;
    struct reactor_timer connect_timer;
    struct node_socket socket;
};

/* `upstream` is the pool's memory. A reserved one closes whenever nothing is left to do on it. */
void upstream_init(struct upstream *upstream, struct pool *pool, enum upstream_use use,
                   enum dialect dialect);

/* Is nothing in flight, nor waiting for the connection? */
static inline bool upstream_is_idle(const struct upstream *upstream)
{
    return list_is_empty(&upstream->in_flight) && list_is_empty(&upstream->waiting);
}

/* The pool lets it go: closed, and nothing may be in flight or waiting. */
void upstream_clear(struct upstream *upstream);

/* Puts `request` on its way: into this turn's write when READY, else behind the others that wait
 * for the connection, which is started if it is not under way. */
void upstream_send(struct upstream *upstream, struct request *request);

/* Ends the connection and gives every request back through the pool's events, oldest first: those
 * that certainly never left as RETURN_UNSENT, the others as RETURN_LOST. */
void upstream_close(struct upstream *upstream, enum close_reason reason);

/* May a node have executed `request`, after `sent` bytes of its stream? Nobody executes a request
 * whose end has not come. */
static inline bool upstream_has_left(const struct request *request, uint64_t sent)
{
    return request->offset + request->bytes.size <= sent;
}

/* Has the node as much without an answer as it may? It goes on reading where it does not answer, as
 * during CLIENT PAUSE, and would hang up in the end. What is oldest does not count: a request may
 * be as large as it likes. */
static inline bool upstream_owes_too_much(const struct upstream *upstream, uint64_t most)
{
    return upstream->stream_queued - upstream->stream_oldest_end >= most;
}

/* Tells the node that nothing more will come on a private connection that is ready: it answers what
 * it has done, and closes. So what it gave to somebody who blocks is not lost. */
void upstream_finish(struct upstream *upstream);

/* Starts to connect if there is no connection; for a probe without a request. */
void upstream_connect(struct upstream *upstream);

/* How long the node has owed us an answer on this connection without sending a byte of anything:
 * microseconds; 0 when it owes none. */
uint64_t upstream_silence(const struct upstream *upstream);

/* Is the node silent here, and has not even its kernel acknowledged what was sent for as long as a
 * connection may take to be made? The way there is gone, say a NAT's memory of it; a process that
 * only stands still has a kernel that goes on. On a connection that was idle the last
 * acknowledgement is older than the question, so the silence must be as long, too. */
bool upstream_is_cut_off(const struct upstream *upstream);

/* Sends a PING whose answer is nobody's. The watch must be running: it finds out when none comes.
 */
void upstream_ping(struct upstream *upstream);

#endif
