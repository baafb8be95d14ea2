#include "proxy/cluster/names.h"

#include "common/clock.h"
#include "common/log.h"
#include "proxy/cluster/adoption.h"

enum {
    AGAIN_AFTER_US = US_PER_SECOND,
    PATIENCE_US = US_PER_SECOND,
};

/* The endpoint that the same node had under the same address, or NULL. */
static const struct endpoint *endpoint_before(const struct topology *before,
                                              const struct node *node)
{
    uint16_t number = before == NULL ? NODE_NONE : topology_find_id(before, node->id);

    if (number == NODE_NONE || before->nodes[number].endpoint.size == 0 ||
        !address_equal(&before->nodes[number].address, &node->address)) {
        return NULL;
    }
    return &before->nodes[number].endpoint;
}

static void resolve_node(struct node *node, const struct endpoint *before)
{
    enum address_result result = address_resolve(&node->address, &node->endpoint);

    if (result == ADDRESS_OK) {
        return;
    }
    char text[sizeof node->address];
    log_warn("node cannot be resolved", "node=%s error=%s last_known=%s",
             address_print(&node->address, text, sizeof text), address_result_text(result),
             before == NULL ? "no" : "yes");
    node->endpoint = before == NULL ? (struct endpoint){0} : *before;
}

void names_resolve(struct names *names, struct topology *topology, const struct topology *before)
{
    uint64_t start = clock_now();
    bool is_again = start - names->resolved_at >= AGAIN_AFTER_US;

    for (uint16_t number = 0; number < topology->node_count; number++) {
        struct node *node = &topology->nodes[number];
        if (node->endpoint.size != 0) {
            continue;
        }
        const struct endpoint *known = endpoint_before(before, node);
        bool is_patient = clock_now() - start < PATIENCE_US;
        if (is_patient && (is_again || known == NULL)) {
            resolve_node(node, known);
        } else if (known != NULL) {
            node->endpoint = *known;
        }
    }
    if (is_again) {
        names->resolved_at = start;
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
