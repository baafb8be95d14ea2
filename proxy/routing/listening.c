#include "proxy/routing/listening.h"

#include "proxy/routing/watch.h"

enum { PING_AFTER_US = 2 * US_PER_SECOND };

void listening_begin(struct dispatcher *dispatcher)
{
    const struct slot_table *table = &dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL && table->pools[i]->is_primary) {
            pool_listen(table->pools[i]);
        }
    }
}

void listening_end(struct dispatcher *dispatcher)
{
    const struct slot_table *table = &dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL) {
            pool_listen_no_more(table->pools[i]);
        }
    }
}

bool listening_is_complete(const struct dispatcher *dispatcher)
{
    const struct slot_table *table = &dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL && table->pools[i]->is_primary &&
            !pool_is_listening(table->pools[i])) {
            return false;
        }
    }
    return table->topology != NULL;
}

static bool is_quiet(const struct upstream *upstream, uint64_t now)
{
    return dialect_is_tracked(upstream->dialect) && upstream->state == UPSTREAM_READY &&
           upstream_is_idle(upstream) && upstream->last_read + PING_AFTER_US < now;
}

void listening_ping(struct dispatcher *dispatcher)
{
    const struct slot_table *table = &dispatcher->table;
    uint64_t now = reactor_now(dispatcher->site.reactor);

    for (uint16_t i = 0; i < table->pool_count; i++) {
        struct pool *pool = table->pools[i];

        for (uint32_t j = 0; pool != NULL && j < pool->upstream_count; j++) {
            if (is_quiet(&pool->upstreams[j], now)) {
                watch_begin(dispatcher);
                upstream_ping(&pool->upstreams[j]);
            }
        }
    }
}
