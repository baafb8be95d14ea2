#include "proxy/routing/obey.h"

#include <string.h>
#include <strings.h>

#include "proxy/routing/halts.h"
#include "proxy/routing/holding.h"
#include "proxy/routing/pick.h"

enum {
    GATE_LOOK_US = US_PER_SECOND, /* of a gate that is held; its end makes all gates be looked at */
    CROWD_DIVISOR = 2,
};

static bool concerns(const struct halt *halt, const struct pool *pool)
{
    return halt->node[0] == '\0' || strcasecmp(halt->node, pool->id) == 0 ||
           strcasecmp(halt->node, pool->name) == 0;
}

static void count_shared(const struct pool *pool, struct halt_tally *tally)
{
    for (uint32_t i = 0; i <= pool->upstream_count; i++) {
        tally->in_flight += pool->upstreams[i].in_flight_count + pool->upstreams[i].waiting_count;
    }
}

static void count_requests(const struct list *requests, struct halt_tally *tally)
{
    LIST_EACH (link, requests) {
        const struct request *request = container_of(link, struct request, in_queue);
        bool may_block = request->special != NULL && request->special->may_block;

        *(may_block ? &tally->blocked : &tally->in_flight) += 1;
    }
}

static void count_privates(const struct pool *pool, struct halt_tally *tally)
{
    tally->private += pool->privates.count[PRIVATE_BUSY];
    LIST_EACH (link, &pool->privates.at[PRIVATE_BUSY]) {
        const struct upstream *upstream = container_of(link, struct upstream, in_place);

        count_requests(&upstream->in_flight, tally);
        count_requests(&upstream->waiting, tally);
    }
}

static void identify(struct dispatcher *dispatcher, const struct halt *halt,
                     const struct pool *pool)
{
    if (halt->node[0] != '\0' && !pool->is_leaving &&
        (strcmp(halt->id, pool->id) != 0 || strcmp(halt->address, pool->name) != 0)) {
        halts_identify(dispatcher->halts, halt->number, pool->id, pool->name);
    }
}

/* Nodes and slots are the same for all companions. */
static void count_all(struct dispatcher *dispatcher, const struct halt *halt,
                      struct halt_tally *tally)
{
    for (uint16_t i = 0; i < dispatcher->table.pool_count; i++) {
        const struct pool *pool = dispatcher->table.pools[i];

        if (pool == NULL || !concerns(halt, pool)) {
            continue;
        }
        if (dispatcher->chief == NULL) {
            identify(dispatcher, halt, pool);
            tally->nodes += !pool->is_leaving;
            tally->slots +=
                halt->kind == HALT_DRAIN ? slot_table_count(&dispatcher->table, pool) : 0;
        }
        count_shared(pool, tally);
        count_privates(pool, tally);
    }
}

static struct dispatcher *companion_at(struct list_link *link)
{
    return container_of(link, struct dispatcher, in_companions);
}

static void report(struct dispatcher *dispatcher, const struct halt *halt)
{
    struct halt_tally tally = {0};

    count_all(dispatcher, halt, &tally);
    LIST_EACH (link, &dispatcher->companions) {
        count_all(companion_at(link), halt, &tally);
    }
    halts_report(dispatcher->halts, halt->number, dispatcher->worker, &tally);
}

static bool is_named(const struct halt *halts, size_t count, enum halt_kind kind,
                     const struct pool *pool)
{
    for (size_t i = 0; i < count; i++) {
        if (halts[i].kind == kind && concerns(&halts[i], pool)) {
            return true;
        }
    }
    return false;
}

/* Sets what is halted now. Returns whether any node is not any more. */
static bool obey_all(struct dispatcher *dispatcher, const struct halt *halts, size_t count)
{
    const struct slot_table *table = &dispatcher->table;
    struct metrics *metrics = dispatcher->site.metrics;
    uint64_t paused = 0;
    uint64_t drained = 0;
    bool is_any_free = false;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        struct pool *pool = table->pools[i];

        if (pool == NULL) {
            continue;
        }
        bool was_halted = pool->is_halted;

        pool_set_halted(pool, is_named(halts, count, HALT_PAUSE, pool));
        pool->is_drained = is_named(halts, count, HALT_DRAIN, pool);
        paused += pool->is_halted && !pool->is_leaving;
        drained += pool->is_drained && !pool->is_leaving;
        is_any_free = is_any_free || (was_halted && !pool->is_halted);
    }
    if (dispatcher->chief == NULL) {
        atomic_store_explicit(&metrics->nodes_paused, paused, memory_order_relaxed);
        atomic_store_explicit(&metrics->nodes_drained, drained, memory_order_relaxed);
    }
    return is_any_free;
}

/* What holds for the whole of it. */
static void obey_overall(struct dispatcher *dispatcher, const struct halt *halts, size_t count)
{
    dispatcher->halted_until = 0;
    dispatcher->is_all_halted = false;
    for (size_t i = 0; i < count; i++) {
        if (halts[i].kind != HALT_PAUSE) {
            continue;
        }
        if (halts[i].until > dispatcher->halted_until) {
            dispatcher->halted_until = halts[i].until;
        }
        dispatcher->is_all_halted = dispatcher->is_all_halted || halts[i].node[0] == '\0';
    }
}

static void obey_halts(struct dispatcher *dispatcher, const struct halt *halts, size_t count)
{
    bool was_all = dispatcher->is_all_halted;

    obey_overall(dispatcher, halts, count);
    if (was_all && !dispatcher->is_all_halted) {
        dispatcher->resumed_at = reactor_now(dispatcher->site.reactor);
    }
    if (obey_all(dispatcher, halts, count) || (was_all && !dispatcher->is_all_halted)) {
        holding_look_at_all(dispatcher);
    }
}

void obey_look(struct dispatcher *dispatcher)
{
    struct halt halts[HALTS_MAX] = {0};
    size_t count = 0;

    CHECK(dispatcher->chief == NULL);
    if (dispatcher->halts != NULL) {
        count = halts_list(dispatcher->halts, reactor_now(dispatcher->site.reactor), halts);
    }
    obey_halts(dispatcher, halts, count);
    LIST_EACH (link, &dispatcher->companions) {
        obey_halts(companion_at(link), halts, count);
    }
    for (size_t i = 0; i < count; i++) {
        report(dispatcher, &halts[i]);
    }
    if (count > 0) {
        reactor_timer_start(&dispatcher->obey_timer, OBEY_LOOK_US);
    }
}

static void obey_on_timer(struct reactor_timer *timer)
{
    obey_look(container_of(timer, struct dispatcher, obey_timer));
}

void obey_init(struct dispatcher *dispatcher)
{
    reactor_timer_init(&dispatcher->obey_timer, dispatcher->site.reactor, obey_on_timer);
}

void obey_clear(struct dispatcher *dispatcher)
{
    reactor_timer_stop(&dispatcher->obey_timer);
}

bool obey_is_halted(const struct dispatcher *dispatcher, const struct pool *pool)
{
    return dispatcher->is_all_halted || (pool != NULL && pool->is_halted);
}

bool obey_holds(const struct dispatcher *dispatcher, const struct pool *pool,
                const struct request *request)
{
    return obey_is_halted(dispatcher, pool) && !pick_is_urgent(request) &&
           !(request->special != NULL && request->special->passes_halt);
}

void obey_hold(struct dispatcher *dispatcher, struct gate *gate)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);

    gate->retry_at = now + GATE_LOOK_US;
    if (gate->halted_since == 0) {
        gate->halted_since = now;
    }
}

void obey_release(struct dispatcher *dispatcher, struct gate *gate)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);

    LIST_EACH (link, &gate->waiting) {
        struct request *request = container_of(link, struct request, in_queue);
        uint64_t since =
            request->held_at > gate->halted_since ? request->held_at : gate->halted_since;

        request->deadline += now - since;
        if (request->special != NULL) {
            request->special->waits_until += now - since;
        }
    }
    gate->halted_since = 0;
}

bool obey_is_crowded(const struct dispatcher *dispatcher)
{
    const struct dispatcher *chief = dispatcher_chief(dispatcher);
    const struct pool_config *config = dispatcher->site.config;

    return chief->waiting_count >= config->waiting_requests / CROWD_DIVISOR ||
           chief->waiting_bytes >= config->waiting_bytes / CROWD_DIVISOR;
}
