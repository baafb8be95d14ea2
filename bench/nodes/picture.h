/* picture.h - which of the pretended nodes serves what, and how a node tells it.
 *
 *      nodes 0 .. primaries-1 are primaries, and share the slots in turn;
 *      node primaries+i, 2*primaries+i, … are the replicas of node i
 *
 * What changes the picture makes its epoch greater, as in a cluster. One thread.
 */
#ifndef BENCH_NODES_PICTURE_H
#define BENCH_NODES_PICTURE_H

#include "common/sendq.h"
#include "proxy/cluster/slot.h"

enum { PICTURE_NODES_MAX = 1000, PICTURE_NOBODY = UINT16_MAX };

struct picture {
    uint16_t node_count;
    uint16_t base_port; /* node i listens on base_port + i */
    uint64_t epoch;
    uint16_t owner_of_slot[SLOT_COUNT]; /* PICTURE_NOBODY: nobody serves it */
    struct pictured_node {
        uint16_t primary; /* PICTURE_NOBODY: is one itself */
        bool has_failed;
    } nodes[PICTURE_NODES_MAX];
    struct block *slots; /* the reply to CLUSTER SLOTS; NULL until somebody asks */
};

/* `node_count` nodes, with `replicas` for each primary: it must divide so. */
void picture_init(struct picture *picture, uint16_t node_count, uint16_t replicas,
                  uint16_t base_port);
void picture_clear(struct picture *picture);

/* From now on `first` to `last` are `node`'s, which is a primary. */
void picture_move(struct picture *picture, uint16_t first, uint16_t last, uint16_t node);

/* `node` fails: its first replica that has not takes its place, or nobody does. */
void picture_fail(struct picture *picture, uint16_t node);

/* The primaries that have not failed. */
uint16_t picture_primaries(const struct picture *picture);

/* The replies to CLUSTER SLOTS, CLUSTER INFO, and to CLUSTER MYID when `node` is asked. */
void picture_tell_slots(struct picture *picture, struct sendq *to);
void picture_tell_info(const struct picture *picture, struct sendq *to);
void picture_tell_id(const struct picture *picture, uint16_t node, struct sendq *to);

#endif
