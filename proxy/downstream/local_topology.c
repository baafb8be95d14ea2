/* PROXY TOPOLOGY: the cluster behind slotway, as the worker of the client that asks sees it. */
#include <inttypes.h>

#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/node_view.h"

enum { PAIRS = 4, NODE_PAIRS = 7 };

static void write_text_pair(struct sendq *to, const char *name, const char *text)
{
    resp_write_text(to, name);
    resp_write_text(to, text);
}

static void write_integer_pair(struct sendq *to, const char *name, uint64_t number)
{
    resp_write_text(to, name);
    resp_write_integer(to, (int64_t)number);
}

/* The next run of slots from *slot on that all go to `pool`. Redirections count, as they do for
 * requests. */
static bool next_range(const struct client *client, const struct pool *pool, uint32_t *slot,
                       uint32_t *first)
{
    while (*slot < SLOT_COUNT && node_view_owner(client, (uint16_t)*slot) != pool) {
        ++*slot;
    }
    *first = *slot;
    while (*slot < SLOT_COUNT && node_view_owner(client, (uint16_t)*slot) == pool) {
        ++*slot;
    }
    return *first < *slot;
}

static void write_slots(const struct client *client, const struct pool *pool, struct sendq *to)
{
    size_t count = 0;
    uint32_t first;

    for (uint32_t slot = 0; pool != NULL && next_range(client, pool, &slot, &first);) {
        count++;
    }
    resp_write_text(to, "slots");
    resp_write_array(to, count);
    for (uint32_t slot = 0; count > 0 && next_range(client, pool, &slot, &first);) {
        resp_write_format(to, "%u-%u", first, slot - 1);
    }
}

static void write_node(const struct local_call *call, const struct topology *topology,
                       const struct node *node, struct sendq *to)
{
    const struct pool *pool = node_view_find(call->client, span_of(node->id));
    char address[sizeof(struct address) + sizeof "unix:[]:65535"];

    resp_write_map(to, NODE_PAIRS);
    write_text_pair(to, "id", node->id);
    write_text_pair(to, "address", address_print(&node->address, address, sizeof address));
    write_text_pair(to, "role", node->role == NODE_PRIMARY ? "primary" : "replica");
    resp_write_text(to, "primary");
    if (node->role == NODE_REPLICA && node->primary != NODE_NONE) {
        resp_write_text(to, topology->nodes[node->primary].id);
    } else {
        resp_write_null(to);
    }
    write_slots(call->client, pool, to);
    write_text_pair(to, "health", node_view_health(pool));
    write_integer_pair(to, "in_flight", pool == NULL ? 0 : node_view_in_flight(pool));
}

void local_proxy_topology(const struct local_call *call)
{
    const struct topology *topology = dispatcher_topology(client_dispatcher(call->client));
    struct sendq *to = call_begin(call);

    resp_write_map(to, PAIRS);
    write_integer_pair(to, "version", topology == NULL ? 0 : topology->version);
    write_integer_pair(to, "epoch", topology == NULL ? 0 : topology->epoch);
    write_integer_pair(to, "slots_served", topology == NULL ? 0 : topology->slots_served);
    resp_write_text(to, "nodes");
    resp_write_array(to, topology == NULL ? 0 : topology->node_count);
    for (uint16_t i = 0; topology != NULL && i < topology->node_count; i++) {
        write_node(call, topology, &topology->nodes[i], to);
    }
    call_end(call);
}
