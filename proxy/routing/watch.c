#include "proxy/routing/watch.h"

#include "proxy/routing/blocking.h"
#include "proxy/routing/holding.h"
#include "proxy/upstream/in_flight.h"
#include "proxy/upstream/private.h"

enum {
    SUSPECT_HINT_US = 50 * US_PER_MS, /* between two hints while a node is silent or out of reach */
    HALTED_LOOK_US = 200 * US_PER_MS, /* between two looks at what waits for an operator */
};

/* What a request that still waits is told at its deadline. */
static const enum error_symbol waiting_errors[REFUSAL_COUNT] = {
    [REFUSAL_NONE] = ERROR_CLUSTER_DOWN,
    [REFUSAL_UNREACHABLE] = ERROR_CLUSTER_DOWN,
    [REFUSAL_LOST] = ERROR_READ_LOST,
    [REFUSAL_MOVED] = ERROR_MOVED_TOO_OFTEN,
    [REFUSAL_ASK] = ERROR_KEYS_MOVING,
    [REFUSAL_TRYAGAIN] = ERROR_KEYS_MOVING,
    [REFUSAL_CLUSTERDOWN] = ERROR_CLUSTER_STATE,
    [REFUSAL_LOADING] = ERROR_NODE_LOADING,
    [REFUSAL_MASTERDOWN] = ERROR_NODE_READONLY,
    [REFUSAL_READONLY] = ERROR_NODE_READONLY,
};

static enum error_symbol sent_error(const struct upstream *upstream, const struct request *request)
{
    if (upstream->state != UPSTREAM_READY) {
        return waiting_errors[REFUSAL_UNREACHABLE];
    }
    return request_is_repeatable(request) ? ERROR_TIMEOUT_READ : ERROR_TIMEOUT_WRITE;
}

/* Gives up what is due in `requests`, and lowers *earliest to the first deadline that is left. */
static void watch_sent(struct dispatcher *dispatcher, struct upstream *upstream,
                       struct list *requests, uint64_t *earliest)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);

    LIST_EACH_SAFE (link, requests) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->deadline > now) {
            *earliest = request->deadline < *earliest ? request->deadline : *earliest;
            continue;
        }
        if (request->done == NULL) {
            continue;
        }

        enum error_symbol error = sent_error(upstream, request);

        metric_add(&dispatcher->site.metrics->timeouts_total, 1);
        in_flight_forget(upstream, request);
        dispatcher_hint(dispatcher, HINT_UNREACHABLE);
        dispatcher_refuse(dispatcher, request, error, upstream->pool->name);
    }
}

static void watch_hint(struct dispatcher *dispatcher)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);

    if (dispatcher->suspected_at + SUSPECT_HINT_US <= now) {
        dispatcher->suspected_at = now;
        dispatcher_hint(dispatcher, HINT_UNREACHABLE);
    }
}

/* A primary that is out of reach has a successor soon, or not for long: until its requests are
 * refused, the cluster is asked all the time. Attempts to connect are too far apart for that. */
static void watch_for_successor(struct dispatcher *dispatcher, const struct pool *pool)
{
    if (pool->is_primary && pool->down_since != 0 &&
        pool_missed_since(pool) + dispatcher->site.config->down_after >
            reactor_now(dispatcher->site.reactor)) {
        watch_hint(dispatcher);
    }
}

/* A node that is slow, or stopped, or cut off: its replica may be promoted while nobody else gives
 * a hint, for all that is with the node just waits. */
static void watch_silence(struct dispatcher *dispatcher, const struct upstream *upstream,
                          uint64_t silence)
{
    const struct pool_config *config = dispatcher->site.config;
    struct pool *pool = upstream->pool;

    if (silence < config->silent_after) {
        return;
    }
    watch_hint(dispatcher);
    if (upstream->use == USE_SHARED) {
        (void)pool_suspect(pool);
    } else if (pool->breaker == BREAKER_SUSPECT && silence >= config->timeout_connect) {
        /* What it was asked before stands for the probe, which would be made there. */
        pool_on_probe_failed(pool, CLOSE_STALLED, close_reason_text(CLOSE_STALLED));
    }
}

/* Somebody gave up on the connection and nothing at all has come since, for as long again: it is
 * not coming back. A node whose clients are paused, which looks the same, has had its time. */
static bool upstream_is_dead(const struct upstream *upstream, uint64_t silence)
{
    struct list_link *first = list_first(&upstream->in_flight);

    return first != NULL && container_of(first, struct request, in_queue)->done == NULL &&
           silence > 2 * upstream->pool->site->config->timeout_request;
}

static void watch_upstream(struct dispatcher *dispatcher, struct upstream *upstream)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);

    CHECK(upstream->is_fit == pool_finds_fit(upstream));
    /* As long as its socket is full, nobody else does. */
    in_flight_publish(upstream);
    if (upstream->earliest_deadline <= now) {
        uint64_t earliest = UINT64_MAX;

        watch_sent(dispatcher, upstream, &upstream->in_flight, &earliest);
        watch_sent(dispatcher, upstream, &upstream->waiting, &earliest);
        upstream->earliest_deadline = earliest;
    }

    uint64_t silence = upstream_silence(upstream);

    if (unlikely(silence > 0)) {
        watch_silence(dispatcher, upstream, silence);
        if (upstream_is_dead(upstream, silence)) {
            upstream_close(upstream, CLOSE_STALLED);
        }
    }
}

/* On a connection of its own, a step of a transaction is all that would notice. */
static void watch_step(struct dispatcher *dispatcher, const struct upstream *upstream)
{
    struct list_link *first = list_first(&upstream->in_flight);

    if (first != NULL && request_is_step(container_of(first, struct request, in_queue)) &&
        upstream_silence(upstream) >= dispatcher->site.config->silent_after) {
        watch_hint(dispatcher);
        (void)pool_suspect(upstream->pool);
    }
}

/* A node that stands still takes connections and says nothing. Who waits for one alone would find
 * out nothing, and who wants one for what any node could do would go there again and again. Where
 * only new connections have no answer, the old ones go on. */
static void watch_greeting(struct dispatcher *dispatcher, const struct upstream *upstream)
{
    struct list_link *first = list_first(&upstream->waiting);

    if (first != NULL && upstream->begun_at + dispatcher->site.config->silent_after <=
                             reactor_now(dispatcher->site.reactor)) {
        watch_hint(dispatcher);
        if (pool_suspect(upstream->pool)) {
            pool_ping(upstream->pool);
        }
    }
}

/* Nobody waits for its answers any more, and one of them has not come in its time. One that was not
 * waited for from the start still has some. */
static bool is_past_use(const struct upstream *upstream, uint64_t now)
{
    bool is_overdue = false;

    LIST_EACH (link, &upstream->in_flight) {
        const struct request *request = container_of(link, struct request, in_queue);

        if (request->done != NULL) {
            return false;
        }
        is_overdue = is_overdue || request->expired || request->deadline <= now;
    }
    return is_overdue;
}

/* A client that blocks is owed nothing, so its node is not silent. One that has waited long enough
 * leaves a connection behind that nobody can use. */
static void watch_privates(struct dispatcher *dispatcher, struct pool *pool)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);

    LIST_EACH_SAFE (link, &pool->privates.at[PRIVATE_BUSY]) {
        struct upstream *upstream = container_of(link, struct upstream, in_place);

        private_insist(upstream);
        watch_step(dispatcher, upstream);
        watch_greeting(dispatcher, upstream);
        if (upstream->earliest_deadline > now) {
            continue;
        }
        upstream->earliest_deadline = UINT64_MAX;
        watch_sent(dispatcher, upstream, &upstream->in_flight, &upstream->earliest_deadline);
        watch_sent(dispatcher, upstream, &upstream->waiting, &upstream->earliest_deadline);
        if (is_past_use(upstream, now)) {
            upstream_close(upstream, CLOSE_STALLED);
        }
    }
}

static bool watch_pools(struct dispatcher *dispatcher)
{
    struct slot_table *table = &dispatcher->table;
    bool is_busy = false;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        struct pool *pool = table->pools[i];

        for (uint32_t j = 0; pool != NULL && j <= pool->upstream_count; j++) {
            watch_upstream(dispatcher, &pool->upstreams[j]);
        }
        if (pool != NULL) {
            watch_privates(dispatcher, pool);
            watch_for_successor(dispatcher, pool);
            is_busy = is_busy || !pool_is_idle(pool);
        }
    }
    return slot_table_tend(table) || is_busy;
}

/* Its deadlines stand still. */
static void watch_halted(uint64_t now, uint64_t *earliest)
{
    *earliest = now + HALTED_LOOK_US < *earliest ? now + HALTED_LOOK_US : *earliest;
}

static void watch_waiting(struct dispatcher *dispatcher, struct gate *gate, uint64_t *earliest)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);

    if (unlikely(gate->halted_since != 0)) {
        watch_halted(now, earliest);
        return;
    }
    LIST_EACH_SAFE (link, &gate->waiting) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->deadline > now) {
            *earliest = request->deadline < *earliest ? request->deadline : *earliest;
            continue;
        }
        metric_add(&dispatcher->site.metrics->timeouts_total, 1);
        holding_unhold(dispatcher, request);
        dispatcher_hint(dispatcher, HINT_UNBOUND);
        dispatcher_refuse(dispatcher, request, waiting_errors[request->refusal], NULL);
    }
}

/* Who is told so may send the next request, and move any gate: none is where it was. */
static void watch_deadlines(struct dispatcher *dispatcher)
{
    uint64_t earliest = UINT64_MAX;
    struct list_link *first;
    struct list all;

    if (dispatcher->waiting_deadline > reactor_now(dispatcher->site.reactor)) {
        return;
    }
    list_init(&all);
    dispatcher->waiting_deadline = UINT64_MAX;
    gates_take_all(&dispatcher->gates, &all);
    while ((first = list_first(&all)) != NULL) {
        struct gate *gate = container_of(first, struct gate, in_list);

        holding_look_at(dispatcher, gate);
        watch_waiting(dispatcher, gate, &earliest);
    }
    dispatcher->waiting_deadline =
        earliest < dispatcher->waiting_deadline ? earliest : dispatcher->waiting_deadline;
}

static void watch_pauses(struct dispatcher *dispatcher)
{
    if (gates_wake(&dispatcher->gates, reactor_now(dispatcher->site.reactor))) {
        reactor_flush_later(dispatcher->site.reactor, &dispatcher->pump);
    }
}

static void watch_moving(struct dispatcher *dispatcher)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);
    uint16_t slot;

    while ((slot = moving_expire(&dispatcher->moving, now)) != SLOT_NONE) {
        holding_unwatch(dispatcher, slot);
    }
}

bool watch_tick(struct dispatcher *dispatcher)
{
    block_bill(dispatcher->site.intake->account);
    watch_deadlines(dispatcher);
    watch_pauses(dispatcher);
    watch_moving(dispatcher);

    bool is_busy = watch_pools(dispatcher);

    return is_busy || dispatcher->gates.count > 0 || dispatcher->moving.count > 0;
}
