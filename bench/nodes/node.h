/* node.h - one pretended node: its port, the connections to it, and what it answers.
 *
 *      readable ─> intake ─> scan ─> answer ─> output ─> one write at the end of the turn
 *
 * It knows no keys: GET has the same value for all, SET keeps nothing, and either is MOVED when
 * the picture says that the slot is somebody else's. One thread.
 */
#ifndef BENCH_NODES_NODE_H
#define BENCH_NODES_NODE_H

#include "bench/nodes/picture.h"
#include "common/intake.h"
#include "common/reactor.h"

/* What all nodes share. */
struct site {
    struct reactor *reactor;
    struct picture picture;
    struct intake intake;
    struct arguments *arguments; /* of the request in hand */
    struct block *value;         /* the reply to GET */
    uint64_t connections_made;
    uint64_t requests; /* GET and SET, MOVED or not */
};

struct node {
    struct site *site;
    uint16_t number;
    int fd; /* -1: it has failed */
    ev_io readable;
    struct list connections;
    uint32_t connection_count;
};

/* Listens on its port; false with errno when it cannot. */
bool node_open(struct node *node, struct site *site, uint16_t number) MUST_USE;

/* Closes its connections, and listens no more. Does nothing for one that does not. */
void node_close(struct node *node);

/* Appends the reply that `node` gives to the request in site->arguments. */
void node_answer(struct node *node, struct sendq *to);

#endif
