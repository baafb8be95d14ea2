/* view.h - the cluster as one of its nodes sees it: CLUSTER NODES, taken apart. Pure. */
#ifndef TESTS_CHAOS_VIEW_H
#define TESTS_CHAOS_VIEW_H

#include "tests/chaos/trial.h"

enum { VIEW_NODES_MAX = 32, NODE_ID_SIZE = 41 };

struct view_node {
    char id[NODE_ID_SIZE];
    char primary[NODE_ID_SIZE]; /* that it follows; "-" for none */
    uint16_t port;
    bool is_primary;
    bool has_failed;
    int slot_count;
    uint8_t slots[SLOT_COUNT / 8];
};

struct view {
    struct view_node nodes[VIEW_NODES_MAX];
    int count;
};

/* False when a line is not understood. */
bool view_parse(struct view *view, const char *text) MUST_USE;

/* The node on that port; NULL when there is none. */
const struct view_node *view_at(const struct view *view, uint16_t port);

/* The primary that serves the slot; NULL when none does. */
const struct view_node *view_owner(const struct view *view, uint16_t slot);

/* A living node that follows `primary`; NULL when none does. */
const struct view_node *view_replica_of(const struct view *view, const struct view_node *primary);

/* Does the node serve the slot? */
static inline bool view_has_slot(const struct view_node *node, uint16_t slot)
{
    return (node->slots[slot / 8] & (1u << slot % 8)) != 0;
}

#endif
