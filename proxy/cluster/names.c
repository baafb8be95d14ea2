#include "proxy/cluster/names.h"

#include "common/clock.h"
#include "proxy/cluster/adoption.h"

enum { PATIENCE_US = US_PER_SECOND };

/* The endpoint that the same node had under the same address; size 0: none. */
static struct endpoint endpoint_before(const struct topology *before, const struct node *node)
{
    uint16_t number = before == NULL ? NODE_NONE : topology_find_id(before, node->id);

    if (number == NODE_NONE || !address_equal(&before->nodes[number].address, &node->address)) {
        return (struct endpoint){.size = 0};
    }
    return before->nodes[number].endpoint;
}

static void names_prepare(struct resolver *resolver, const struct topology *topology)
{
    for (uint16_t number = 0; number < topology->node_count; number++) {
        if (topology->nodes[number].endpoint.size == 0) {
            resolver_prepare(resolver, &topology->nodes[number].address);
        }
    }
}

void names_resolve(struct resolver *resolver, struct topology *topology,
                   const struct topology *before)
{
    uint64_t start = clock_now();

    names_prepare(resolver, topology);
    for (uint16_t number = 0; number < topology->node_count; number++) {
        struct node *node = &topology->nodes[number];

        if (node->endpoint.size != 0) {
            continue;
        }
        if (clock_now() - start >= PATIENCE_US ||
            !resolver_find(resolver, &node->address, &node->endpoint)) {
            node->endpoint = endpoint_before(before, node);
        }
    }
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
