#include "proxy/cluster/topology.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

enum {
    NODES_FIRST = 16,
    INDEX_FIRST = 64, /* a power of two, and always at least twice the number of nodes */
};

/* What topology_new really makes. The two indexes are open-addressed tables of node numbers, so
 * that a reply in which a thousand nodes come back in every range, and a redirect's look-up of an
 * address, cost the same in a small cluster and in a large one. */
struct indexed_topology {
    struct topology topology; /* first: what the world sees */
    uint32_t node_room;
    uint32_t index_size;
    uint16_t *by_id;
    uint16_t *by_address;
};

static struct indexed_topology *indexed(const struct topology *topology)
{
    return container_of(topology, struct indexed_topology, topology);
}

static uint32_t hash_id(const char *id)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (; *id != '\0'; id++) {
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    }
    return hash;
}

static void index_put(uint16_t *table, uint32_t size, uint32_t hash, uint16_t node)
{
    uint32_t at = hash & (size - 1);

    while (table[at] != NODE_NONE) {
        at = (at + 1) & (size - 1);
    }
    table[at] = node;
}

static uint16_t *index_new(uint32_t size)
{
    uint16_t *table = memory_raw(size * sizeof *table);

    memset(table, 0xff, size * sizeof *table); /* NODE_NONE everywhere */
    return table;
}

static void topology_index_node(struct indexed_topology *self, uint16_t number)
{
    const struct node *node = &self->topology.nodes[number];

    index_put(self->by_id, self->index_size, hash_id(node->id), number);
    index_put(self->by_address, self->index_size, address_hash(&node->address), number);
}

static void topology_grow_index(struct indexed_topology *self)
{
    self->index_size *= 2;
    free(self->by_id);
    free(self->by_address);
    self->by_id = index_new(self->index_size);
    self->by_address = index_new(self->index_size);
    for (uint16_t number = 0; number < self->topology.node_count; number++) {
        topology_index_node(self, number);
    }
}

struct topology *topology_new(void)
{
    struct indexed_topology *self = memory_new(1, sizeof *self);

    atomic_init(&self->topology.references, 1);
    memset(self->topology.primary_of_slot, 0xff, sizeof self->topology.primary_of_slot);
    self->index_size = INDEX_FIRST;
    self->by_id = index_new(self->index_size);
    self->by_address = index_new(self->index_size);
    return &self->topology;
}

struct topology *topology_take(struct topology *topology)
{
    uint32_t before = atomic_fetch_add_explicit(&topology->references, 1, memory_order_relaxed);

    CHECK(before > 0);
    return topology;
}

void topology_release(struct topology **topology)
{
    struct topology *gone = *topology;

    *topology = NULL;
    if (gone == NULL) {
        return;
    }
    /* Whoever frees must see all that the other readers did before they let go. */
    uint32_t before = atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel);
    CHECK(before > 0);
    if (before == 1) {
        free(gone->nodes);
        free(indexed(gone)->by_id);
        free(indexed(gone)->by_address);
        free(indexed(gone));
    }
}

static void topology_make_room(struct indexed_topology *self)
{
    struct topology *topology = &self->topology;

    if (topology->node_count == self->node_room) {
        self->node_room = self->node_room == 0 ? NODES_FIRST : self->node_room * 2;
        topology->nodes = memory_resize(topology->nodes, self->node_room, sizeof *topology->nodes);
    }
    if (2u * (topology->node_count + 1u) > self->index_size) {
        topology_grow_index(self);
    }
}

uint16_t topology_add_node(struct topology *topology, const char *id, const struct address *address,
                           enum node_role role, uint16_t primary)
{
    struct indexed_topology *self = indexed(topology);
    uint16_t known = topology_find_id(topology, id);

    CHECK(strlen(id) <= NODE_ID_SIZE);
    if (known != NODE_NONE) {
        return known;
    }
    if (topology->node_count == TOPOLOGY_NODES_MAX) {
        return NODE_NONE;
    }

    topology_make_room(self);
    uint16_t number = topology->node_count++;
    struct node *node = &topology->nodes[number];
    *node = (struct node){.address = *address, .role = role, .primary = primary};
    memcpy(node->id, id, strlen(id));
    if (!address_to_endpoint(address, &node->endpoint)) {
        node->endpoint = (struct endpoint){.size = 0};
    }
    topology_index_node(self, number);
    return number;
}

uint16_t topology_find_id(const struct topology *topology, const char *id)
{
    const struct indexed_topology *self = indexed(topology);
    uint32_t at = hash_id(id) & (self->index_size - 1);

    for (; self->by_id[at] != NODE_NONE; at = (at + 1) & (self->index_size - 1)) {
        if (strcmp(topology->nodes[self->by_id[at]].id, id) == 0) {
            return self->by_id[at];
        }
    }
    return NODE_NONE;
}

uint16_t topology_find_address(const struct topology *topology, const struct address *address)
{
    const struct indexed_topology *self = indexed(topology);
    uint32_t at = address_hash(address) & (self->index_size - 1);

    for (; self->by_address[at] != NODE_NONE; at = (at + 1) & (self->index_size - 1)) {
        if (address_equal(&topology->nodes[self->by_address[at]].address, address)) {
            return self->by_address[at];
        }
    }
    return NODE_NONE;
}

/* The id of a node by number, for comparing numbers of two topologies. */
static const char *id_of(const struct topology *topology, uint16_t number)
{
    return number == NODE_NONE ? "" : topology->nodes[number].id;
}

static bool node_equal(const struct topology *a, const struct node *node_a,
                       const struct topology *b, const struct node *node_b)
{
    if (node_a->role != node_b->role || !address_equal(&node_a->address, &node_b->address)) {
        return false;
    }
    return node_a->role == NODE_PRIMARY ||
           strcmp(id_of(a, node_a->primary), id_of(b, node_b->primary)) == 0;
}

bool topology_equal(const struct topology *a, const struct topology *b)
{
    /* Nodes list each other in different orders, so numbers are translated by id. */
    uint16_t number_in_b[TOPOLOGY_NODES_MAX];

    if (a->node_count != b->node_count || a->slots_served != b->slots_served) {
        return false;
    }
    for (uint16_t number = 0; number < a->node_count; number++) {
        uint16_t other = topology_find_id(b, a->nodes[number].id);
        if (other == NODE_NONE || !node_equal(a, &a->nodes[number], b, &b->nodes[other])) {
            return false;
        }
        number_in_b[number] = other;
    }
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        uint16_t node = a->primary_of_slot[slot];
        if (b->primary_of_slot[slot] != (node == NODE_NONE ? NODE_NONE : number_in_b[node])) {
            return false;
        }
    }
    return true;
}
