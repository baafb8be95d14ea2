#include "proxy/document_nodes.h"

#include <stdlib.h>

#include "common/memory.h"

/* How many slots each node serves. The caller frees it. */
static uint32_t *count_slots(const struct topology *topology)
{
    uint32_t *counts = memory_new((size_t)topology->node_count + 1, sizeof *counts);

    for (size_t slot = 0; slot < SLOT_COUNT; slot++) {
        if (topology->primary_of_slot[slot] != NODE_NONE) {
            counts[topology->primary_of_slot[slot]]++;
        }
    }
    return counts;
}

static void add_role(struct json *json, const struct node *node)
{
    json_add_text(json, "role", node->role == NODE_PRIMARY ? "primary" : "replica");
    if (node->role == NODE_REPLICA && node->primary != NODE_NONE) {
        json_add_number(json, "primary", node->primary);
    } else {
        json_add_null(json, "primary");
    }
}

static void add_pace(struct json *json, struct node_pace pace)
{
    if (pace.is_known) {
        json_add_number(json, "requests_per_second", (uint64_t)(pace.requests + 0.5));
    } else {
        json_add_null(json, "requests_per_second");
    }
    if (pace.is_timed) {
        json_add_number(json, "latency_us", (uint64_t)(pace.latency_us + 0.5));
    } else {
        json_add_null(json, "latency_us");
    }
}

static void add_standing(struct json *json, const struct node_standing *node)
{
    json_add_text(json, "health", node_health_name(node->health));
    json_add_number(json, "ill_workers", node->ill_workers);
    json_add_number(json, "down_ms", node->down_us / US_PER_MS);
    json_add_number(json, "connections", node->connections);
    json_add_number(json, "in_flight", node->in_flight);
    json_add_number(json, "requests_total", node->sent_total);
}

/* "role" is null for one that the picture does not name: a redirection did, or it is leaving. */
void document_add_nodes(struct json *json, const struct paces *paces, size_t number)
{
    const struct pool_standing *pool = &paces->last->pools[number];
    const struct topology *topology = pool->topology;
    uint32_t *slots = topology == NULL ? NULL : count_slots(topology);

    json_begin_array(json, "nodes");
    for (size_t i = 0; i < pool->count; i++) {
        const struct node_standing *node = &pool->nodes[i];
        bool is_in_picture = topology != NULL && i < topology->node_count;

        json_begin_object(json, NULL);
        json_add_text(json, "id", node->id);
        json_add_text(json, "address", node->name);
        if (is_in_picture) {
            add_role(json, &topology->nodes[i]);
        } else {
            json_add_null(json, "role");
            json_add_null(json, "primary");
        }
        json_add_number(json, "slots", is_in_picture ? slots[i] : 0);
        add_standing(json, node);
        add_pace(json, paces_of(paces, number, i));
        json_end_object(json);
    }
    json_end_array(json);
    free(slots);
}

void document_add_picture(struct json *json, const struct topology *topology)
{
    json_add_number(json, "version", topology == NULL ? 0 : topology->version);
    json_add_number(json, "epoch", topology == NULL ? 0 : topology->epoch);
    json_add_number(json, "slots_served", topology == NULL ? 0 : topology->slots_served);
}

void document_add_slots(struct json *json, const struct topology *topology)
{
    size_t next = 0;

    json_begin_array(json, "slots");
    for (size_t first = 0; topology != NULL && first < SLOT_COUNT; first = next) {
        uint16_t owner = topology->primary_of_slot[first];

        for (next = first; next < SLOT_COUNT && topology->primary_of_slot[next] == owner; next++) {
        }
        if (owner != NODE_NONE) {
            json_begin_array(json, NULL);
            json_add_number(json, NULL, first);
            json_add_number(json, NULL, next - 1);
            json_add_number(json, NULL, owner);
            json_end_array(json);
        }
    }
    json_end_array(json);
}
