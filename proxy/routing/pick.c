#include "proxy/routing/pick.h"

#include "proxy/routing/mending.h"
#include "proxy/routing/obey.h"
#include "proxy/upstream/private.h"

static struct pick pick_refuse(enum error_symbol error, struct pool *pool)
{
    return (struct pick){.verdict = REFUSE_IT, .pool = pool, .error = error};
}

/* The pool that serves `request`, whatever state it is in; NULL when nobody does. */
static struct pool *pool_for(struct dispatcher *dispatcher, struct request *request)
{
    struct slot_table *table = &dispatcher->table;

    if (unlikely(request->asking)) {
        struct pool *pool = slot_table_pool(table, request->node, request->node_serial);

        if (pool != NULL && pool_accepts(pool, request->lane->number)) {
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
        struct pool *pool = slot_table_pool(table, request->node, request->node_serial);

        return pool == NULL || pool->is_leaving ? NULL : pool;
    }
    case TARGET_PRIMARY: return slot_table_any_primary(table);
    }
    return NULL;
}

/* Nobody took over since then, and that is longer than a failover takes. */
static bool is_patience_over(const struct dispatcher *dispatcher, uint64_t since)
{
    return since + dispatcher->site.config->down_after < reactor_now(dispatcher->site.reactor);
}

/* Since when somebody could have asked for what nobody serves in the picture in use. */
static uint64_t missed_since(const struct dispatcher *dispatcher)
{
    uint64_t adopted_at = dispatcher->table.adopted_at;

    return adopted_at > dispatcher->resumed_at ? adopted_at : dispatcher->resumed_at;
}

/* Has there been time enough to ask a node? */
static bool is_old(const struct dispatcher *dispatcher)
{
    return dispatcher->made_at + dispatcher->site.config->timeout_connect <
           reactor_now(dispatcher->site.reactor);
}

/* The first picture comes within milliseconds if it comes at all. After it, an unbound slot may be
 * on its way to somebody; one that nobody has taken for long is asked about now and then only. */
static struct pick pick_without_pool(struct dispatcher *dispatcher, const struct request *request)
{
    const struct slot_table *table = &dispatcher->table;

    if (request->target == TARGET_NODE) {
        return pick_refuse(ERROR_NODE_GONE, NULL);
    }
    if (table->topology != NULL && is_patience_over(dispatcher, missed_since(dispatcher))) {
        return pick_refuse(ERROR_CLUSTER_DOWN, NULL);
    }
    dispatcher_hint(dispatcher, HINT_UNBOUND);
    if (table->topology == NULL && is_old(dispatcher)) {
        return pick_refuse(ERROR_CLUSTER_UNKNOWN, NULL);
    }
    return (struct pick){.verdict = WAIT_FOR_IT};
}

bool pick_is_urgent(const struct request *request)
{
    return request->target == TARGET_NODE && (request->command->flags & COMMAND_ALLOW_BUSY) != 0;
}

/* What ends a script has a connection of its own: that the others are full is no reason to refuse
 * it, nor that the node is silent. */
static struct pick pick_reserved(struct pool *pool)
{
    if (pool_is_reserved_full(pool)) {
        return pick_refuse(ERROR_OVERLOADED, pool);
    }
    return (struct pick){.verdict = SEND_IT, .pool = pool};
}

/* Whether somebody is let in, which clients who block are not to decide. proofs.h bounds how
 * many such questions there are. */
static bool is_about_a_user(const struct request *request)
{
    return request->command->id == COMMAND_ID_AUTH || request->special->is_fresh;
}

static enum dialect dialect_of(const struct request *request)
{
    return dialect_plain(lane_dialect(request->lane));
}

struct upstream *pick_own(const struct pool *pool, const struct request *request)
{
    struct upstream *own = request->lane->own;
    bool is_usable = own != NULL && !request->special->is_fresh && own->pool == pool &&
                     own->dialect == dialect_of(request);

    return is_usable ? own : NULL;
}

/* Is there a connection for it that is made already? */
static bool has_private(const struct pool *pool, const struct request *request)
{
    return pick_own(pool, request) != NULL ||
           (!request->special->is_fresh && private_is_resting(pool, dialect_of(request)));
}

/* Whoever wants to know about a user is one of few. */
static bool is_to_knock_later(const struct dispatcher *dispatcher, const struct pool *pool,
                              const struct request *request)
{
    const struct knocking *knocking = &pool->privates.knocking;

    return (knocking_is_early(knocking, reactor_now(dispatcher->site.reactor)) ||
            (knocking_is_full(knocking) && !is_about_a_user(request))) &&
           !has_private(pool, request);
}

static struct pick pick_private(const struct dispatcher *dispatcher, struct pool *pool,
                                const struct request *request)
{
    if (private_is_full(pool) && pick_own(pool, request) == NULL && !is_about_a_user(request)) {
        return pick_refuse(ERROR_TOO_MANY_PRIVATE, pool);
    }
    if (is_to_knock_later(dispatcher, pool, request)) {
        return (struct pick){.verdict = WAIT_FOR_IT, .pool = pool};
    }
    return (struct pick){.verdict = SEND_IT, .pool = pool};
}

struct pick pick_for(struct dispatcher *dispatcher, struct request *request)
{
    struct pool *pool = pool_for(dispatcher, request);

    if (unlikely(obey_holds(dispatcher, pool, request))) {
        return (struct pick){.verdict = WAIT_FOR_IT, .pool = pool, .is_halted = true};
    }
    if (unlikely(pool == NULL)) {
        return pick_without_pool(dispatcher, request);
    }
    if (unlikely(pick_is_urgent(request))) {
        return pick_reserved(pool);
    }
    if (unlikely(request->awaits_functions != 0)) {
        struct pick pick;

        if (!mending_is_over(pool, request, &pick)) {
            return pick;
        }
    }
    if (unlikely(pool_is_emptied(pool, request->lane->number))) {
        return (struct pick){.verdict = WAIT_FOR_IT, .pool = pool};
    }
    if (unlikely(pool_denies(pool, request->lane->number))) {
        return pick_refuse(ERROR_COMMAND, pool);
    }
    if (unlikely(pool_is_down(pool, request->lane->number))) {
        /* Probes go on, and discovery asks: both end the refusals. */
        if (is_patience_over(dispatcher, pool_missed_since(pool))) {
            return pick_refuse(ERROR_CLUSTER_DOWN, pool);
        }
        if (!pool_accepts(pool, request->lane->number)) {
            return (struct pick){.verdict = WAIT_FOR_IT, .pool = pool};
        }
    }
    if (request_is_private(request)) {
        return pick_private(dispatcher, pool, request);
    }
    if (unlikely(pool_is_full(pool, request->lane->number))) {
        return pick_refuse(ERROR_OVERLOADED, pool);
    }
    return (struct pick){.verdict = SEND_IT, .pool = pool};
}

const char *pick_name(const struct pick *pick)
{
    if (pick->error == ERROR_COMMAND) {
        return pick->pool->denial;
    }
    return pick->pool == NULL ? "the cluster" : pick->pool->name;
}
