#include "proxy/downstream/node_view.h"

static const struct slot_table *table_of(const struct client *client)
{
    return &client_dispatcher(client)->table;
}

struct pool *node_view_owner(const struct client *client, uint16_t slot)
{
    const struct slot_table *table = table_of(client);
    uint16_t owner = table->slots[slot].owner;

    return owner == NODE_NONE ? NULL : table->pools[owner];
}

struct pool *node_view_find(const struct client *client, struct span word)
{
    const struct slot_table *table = table_of(client);

    for (uint16_t i = 0; word.size > 0 && i < table->pool_count; i++) {
        struct pool *pool = table->pools[i];

        if (pool != NULL && !pool->is_leaving &&
            (span_equal_nocase(word, span_of(pool->id)) ||
             span_equal_nocase(word, span_of(pool->name)))) {
            return pool;
        }
    }
    return NULL;
}

const char *node_view_health(const struct pool *pool)
{
    if (pool == NULL) {
        return "unknown";
    }
    if (pool->is_leaving) {
        return "leaving";
    }
    switch (pool->breaker) {
    case BREAKER_OPEN: return "silent";
    case BREAKER_SUSPECT: return "suspect";
    case BREAKER_CLOSED: break;
    }
    if (pool->attempts > 0) {
        return "unreachable";
    }
    return pool_is_connected(pool) ? "connected" : "unused";
}

uint32_t node_view_in_flight(const struct pool *pool)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < pool->upstream_count; i++) {
        count += pool->upstreams[i].in_flight_count;
    }
    return count;
}
