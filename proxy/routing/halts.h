/* halts.h - the nodes of a pool that an operator has slotway send nothing to for a while, or leave.
 *
 *      PROXY PAUSE, DRAIN ──> board ──> each worker: obey.h
 *      PROXY RESUME             ^              │
 *                               └── what it ───┘
 *                                   still has there
 *
 * Each halt is for one node, or for all of the pool, and ends by itself when its time is over. All
 * of a pool's workers look at one board, which is behind a lock; any thread.
 */
#ifndef PROXY_ROUTING_HALTS_H
#define PROXY_ROUTING_HALTS_H

#include "common/base.h"

enum {
    HALTS_MAX = 64,
    HALT_NODE_SIZE = 300,
};

enum halt_kind {
    HALT_PAUSE, /* requests wait */
    HALT_DRAIN, /* nothing is kept there that could be elsewhere */
};

/* A copy, for who asks. */
struct halt {
    enum halt_kind kind;
    char node[HALT_NODE_SIZE]; /* its id or address, as it was named; "": all nodes */
    char id[HALT_NODE_SIZE];   /* both of them, once a worker has found it; "": not yet */
    char address[HALT_NODE_SIZE];
    uint64_t number; /* never another's */
    uint64_t until;  /* clock_now(); UINT64_MAX: until it is ended */
};

/* What a worker, or all of them, have with the nodes of a halt. */
struct halt_tally {
    uint64_t nodes;     /* there are that it concerns */
    uint64_t in_flight; /* requests that they owe an answer, */
    uint64_t blocked;   /* and those that wait for something to happen there, as in BLPOP */
    uint64_t private;   /* connections that one client has for itself, with those who block */
    uint64_t slots;     /* of a DRAIN: that they serve */
};

enum halt_progress {
    HALT_UNKNOWN, /* it has ended, or there was never one */
    HALT_BEGINS,  /* not all workers have obeyed yet */
    HALT_HOLDS,
};

struct halts;

struct halts *halts_new(const char *pool, size_t worker_count) MUST_USE;
void halts_free(struct halts **halts);

/* In place of one of that kind for the same node, by either name. Returns its number, or 0 when
 * there are too many.
 */
uint64_t halts_begin(struct halts *halts, enum halt_kind kind, const char *node, uint64_t until);

/* Ends those for `node`, by either name, or with NULL all of them. Returns how many. */
size_t halts_end(struct halts *halts, const char *node);

/* Those in force at `now`, into `to`; others end by this. */
size_t halts_list(struct halts *halts, uint64_t now, struct halt to[HALTS_MAX]);

/* A worker has found the node of a halt. */
void halts_identify(struct halts *halts, uint64_t number, const char *id, const char *address);

/* A worker obeys, and that is what it has there. */
void halts_report(struct halts *halts, uint64_t number, size_t worker,
                  const struct halt_tally *tally);

/* What all workers have there, as far as they have obeyed; of nodes and slots, the most that one
 * knows. */
enum halt_progress halts_sum(struct halts *halts, uint64_t number, struct halt_tally *sum);

#endif
