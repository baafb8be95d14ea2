/* nodes.h - a dispatcher in front of three nodes that are connected without sockets.
 *
 *      dispatcher_send ──> pool ──> upstream, READY ──> output, dropped by nodes_answer
 *      request->done   <──────────────────────────────── the answer that nodes_answer is given
 *
 * The reactor is never turned: nothing is read or written, and the time stands still. Slots belong
 * to the nodes by thirds, as in a new cluster.
 */
#ifndef BENCH_MICRO_SUPPORT_NODES_H
#define BENCH_MICRO_SUPPORT_NODES_H

#include "bench/micro/support/asked.h"
#include "proxy/routing/dispatcher.h"

enum { NODES = 3 };

struct nodes {
    struct reactor *reactor;
    struct intake intake;
    struct pool_config config;
    struct metrics metrics;
    struct dispatcher *dispatcher;
    struct lane lane;
    struct upstream *upstreams[NODES];
};

/* Nodes that are connected and idle. */
void nodes_open(struct nodes *nodes);

/* All requests must have been answered. */
void nodes_close(struct nodes *nodes);

/* `asked` as a client's request, which has just come; whoever sends it says where to. */
struct request *nodes_request(struct nodes *nodes, const struct asked *asked,
                              request_done *done) MUST_USE;

/* All that was sent has left, and each of these requests is answered by all of `block`. */
void nodes_answer(struct nodes *nodes, struct block *block);

#endif
