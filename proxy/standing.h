/* standing.h - how the nodes of all pools stand, as one worker sees it, and all together.
 *
 *      worker 0:  a connected, 3 in flight    b silent       picture 7 ──┐
 *      worker 1:  a connected, 1 in flight    b connected    picture 8 ──┤
 *                                                                        v
 *                 a connected, 4 in flight    b silent       picture 8
 *
 * Looking is a worker's, of its own pools; all else is plain memory of whoever has it.
 */
#ifndef PROXY_STANDING_H
#define PROXY_STANDING_H

#include "common/table.h"
#include "proxy/inquiry.h"

/* Of several workers' the greatest counts. Words as PROXY TOPOLOGY has them. */
#define NODE_HEALTHS(ROW)                                                                          \
    ROW(UNUSED, "unused") /* no request has gone there yet */                                      \
    ROW(CONNECTED, "connected")                                                                    \
    ROW(SUSPECT, "suspect")         /* owes answers; is being probed */                            \
    ROW(UNREACHABLE, "unreachable") /* no connection can be made */                                \
    ROW(SILENT, "silent")           /* the probe has no answer, either */

enum node_health {
#define ROW(symbol, name) HEALTH_##symbol,
    NODE_HEALTHS(ROW)
#undef ROW
};

struct node_standing {
    struct table_link in_index;
    char id[NODE_ID_SIZE + 1]; /* "" for an address that only a redirection named */
    char name[300];            /* "host:port" */
    enum node_health health;
    uint32_t ill_workers; /* for how many of them it is worse than connected */
    uint32_t connections; /* that are ready */
    uint32_t in_flight;
    uint64_t down_us;     /* how long it has been out of reach; of several workers the longest */
    uint64_t sent_total;  /* requests, each retry counted */
    uint64_t timed_total; /* of those whose time with the node was taken, how many */
    uint64_t timed_us;    /* and how long they took together */
};

/* Behind the nodes of the picture, in its order, come those that it does not name. */
struct pool_standing {
    struct topology *topology; /* a reference; NULL before the first */
    struct node_standing *nodes;
    size_t count;
    struct table index; /* of nodes, by id or else name; in a worker's finding there is none */
    uint64_t waiting;   /* requests at gates */
    uint64_t in_flight;
};

struct standing {
    uint64_t at; /* clock_now() */
    size_t answered;
    size_t worker_count;
    size_t pool_count;
    struct pool_standing pools[];
};

/* As JSON has it. */
const char *node_health_name(enum node_health health);

/* For an inquiry: finds a struct standing. Its drop is standing_drop. */
void *standing_look(struct worker *worker, const struct inquiry_question *question);
void standing_drop(void *standing);

/* What all findings say together. The caller frees it. */
struct standing *standing_merge(const struct inquiry_findings *findings,
                                size_t pool_count) MUST_USE;

void standing_free(struct standing **standing);

/* The node in `pool`, which was merged, that `node` is, by its id or else its name. NULL: it is not
 * there. */
struct node_standing *standing_find(const struct pool_standing *pool,
                                    const struct node_standing *node);

#endif
