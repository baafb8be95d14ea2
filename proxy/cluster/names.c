#include "proxy/cluster/names.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "proxy/cluster/adoption.h"

enum {
    PATIENCE_US = US_PER_SECOND,
    AHEAD = 8, /* names that are asked for while one is waited for */
};

/* The endpoint that the same node had under the same address; size 0: none. */
static struct endpoint endpoint_before(const struct topology *before, const struct node *node)
{
    uint16_t number = before == NULL ? NODE_NONE : topology_find_id(before, node->id);

    if (number == NODE_NONE || !address_equal(&before->nodes[number].address, &node->address)) {
        return (struct endpoint){.size = 0};
    }
    return before->nodes[number].endpoint;
}

/* The nodes with names, in the order in which to ask: those without any address yet come first, or
 * where the resolver is slower than the names are many, the last of them would never be found. */
static size_t names_order(const struct topology *topology, const struct topology *before,
                          uint16_t *order)
{
    size_t count = 0;

    for (int is_known = 0; is_known <= 1; is_known++) {
        for (uint16_t number = 0; number < topology->node_count; number++) {
            const struct node *node = &topology->nodes[number];

            if (node->endpoint.size == 0 &&
                (endpoint_before(before, node).size != 0) == (is_known != 0)) {
                order[count++] = number;
            }
        }
    }
    return count;
}

void names_resolve(struct resolver *resolver, struct topology *topology,
                   const struct topology *before)
{
    uint64_t start = clock_now();
    uint16_t *order = memory_new(topology->node_count, sizeof *order);
    size_t count = names_order(topology, before, order);

    for (size_t at = 0, asked = 0; at < count; at++) {
        struct node *node = &topology->nodes[order[at]];
        bool is_late = clock_now() - start >= PATIENCE_US;

        for (; !is_late && asked < count && asked < at + AHEAD; asked++) {
            resolver_prepare(resolver, &topology->nodes[order[asked]].address);
        }
        if (is_late || !resolver_find(resolver, &node->address, &node->endpoint)) {
            node->endpoint = endpoint_before(before, node);
        }
    }
    free(order);
}

bool names_equal_endpoints(const struct topology *a, const struct topology *b)
{
    for (uint16_t number = 0; number < a->node_count; number++) {
        uint16_t other = topology_find_id(b, a->nodes[number].id);
        if (other == NODE_NONE ||
            !endpoint_equal(&a->nodes[number].endpoint, &b->nodes[other].endpoint)) {
            return false;
        }
    }
    return true;
}
