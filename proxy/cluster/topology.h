/* topology.h - one immutable picture of the cluster: which node serves which slot.
 *
 *      slot 0 ............................................ 16383
 *        |  primary_of_slot[]: an index, or NODE_NONE when nobody serves it
 *        v
 *      nodes[]: id, address, role, and the primary that a replica follows
 *
 * Built on the discovery thread, then only read. Every reader holds one reference; the last
 * topology_release() frees it. Requests never keep a pointer into a topology.
 */
#ifndef PROXY_CLUSTER_TOPOLOGY_H
#define PROXY_CLUSTER_TOPOLOGY_H

#include <stdatomic.h>

#include "common/address.h"
#include "proxy/cluster/slot.h"

enum {
    NODE_NONE = UINT16_MAX,
    NODE_ID_SIZE = 40,
    TOPOLOGY_NODES_MAX = 4096,
};

enum node_role { NODE_PRIMARY, NODE_REPLICA };

struct node {
    char id[NODE_ID_SIZE + 1]; /* what a node is known by; an address may change hands */
    struct address address;    /* as announced, or the address we asked where it said NULL */
    struct endpoint endpoint;  /* resolved; .size is 0 when the resolver had no answer */
    enum node_role role;
    uint16_t primary; /* REPLICA: index of its primary */
};

struct topology {
    _Atomic uint32_t references;
    uint64_t version;  /* ours: grows with each published picture */
    uint64_t epoch;    /* cluster_current_epoch of the node that told us */
    uint64_t asked_at; /* by clock_now(); what came to be later it may lack */
    struct node *nodes;
    uint16_t node_count;
    uint16_t slots_served; /* how many slots have a primary */
    uint16_t primary_of_slot[SLOT_COUNT];
};

/* An empty picture with one reference: no node, no slot. */
struct topology *topology_new(void) MUST_USE;

struct topology *topology_take(struct topology *topology);
void topology_release(struct topology **topology);

/* While building. Adds a node, or returns the index of the one with that id. NODE_NONE when full.
 */
uint16_t topology_add_node(struct topology *topology, const char *id, const struct address *address,
                           enum node_role role, uint16_t primary);

/* Do they say the same of nodes, addresses and slots? Version and epoch aside. */
bool topology_equal(const struct topology *a, const struct topology *b);

/* Index of the node with that id, or that address; NODE_NONE. */
uint16_t topology_find_id(const struct topology *topology, const char *id);
uint16_t topology_find_address(const struct topology *topology, const struct address *address);

#endif
