#include "proxy/routing/pick.h"

static struct pick pick_refuse(enum error_symbol error, struct pool *pool)
{
    return (struct pick){REFUSE_IT, pool, error};
}

/* The pool that serves `request`, whatever state it is in; NULL when nobody does. */
static struct pool *pool_for(struct dispatcher *dispatcher, struct request *request)
{
    struct slot_table *table = &dispatcher->table;

    if (unlikely(request->asking)) {
        struct pool *pool = table->pools[request->node];

        if (pool != NULL && pool_accepts(pool)) {
            return pool;
        }
        request->asking = false;
    }
    switch ((enum request_target)request->target) {
    case TARGET_SLOT: {
        uint16_t owner = table->slots[request->slot].owner;

        return owner == NODE_NONE ? NULL : table->pools[owner];
    }
    case TARGET_NODE: {
        struct pool *pool = table->pools[request->node];

        return pool == NULL || pool->is_leaving ? NULL : pool;
    }
    case TARGET_PRIMARY: return slot_table_any_primary(table);
    }
    return NULL;
}

struct pick pick_for(struct dispatcher *dispatcher, struct request *request)
{
    struct pool *pool = pool_for(dispatcher, request);

    if (unlikely(pool == NULL)) {
        dispatcher_hint(dispatcher, HINT_UNBOUND);
        return pick_refuse(
            dispatcher->table.topology == NULL ? ERROR_CLUSTER_UNKNOWN : ERROR_CLUSTER_DOWN, NULL);
    }
    if (unlikely(pool->attempts > 0)) {
        /* Nobody took over for so long: say so at once. Probes go on. */
        if (pool->down_since + dispatcher->site.config->down_after <
            reactor_now(dispatcher->site.reactor)) {
            return pick_refuse(ERROR_CLUSTER_DOWN, pool);
        }
        if (!pool_accepts(pool)) {
            return (struct pick){WAIT_FOR_IT, pool, 0};
        }
    }
    if (unlikely(pool_is_full(pool, request->lane->number))) {
        return pick_refuse(ERROR_OVERLOADED, pool);
    }
    return (struct pick){SEND_IT, pool, 0};
}

const char *pick_name(const struct pick *pick)
{
    return pick->pool == NULL ? "the cluster" : pick->pool->name;
}
