#include "proxy/routing/dispatcher.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/routing/holding.h"
#include "proxy/routing/pick.h"
#include "proxy/routing/redirect.h"
#include "proxy/routing/watch.h"

enum {
    HOPS_AT_ONCE = 5, /* redirections followed without a pause */
};

static uint64_t dispatcher_now(const struct dispatcher *dispatcher)
{
    return reactor_now(dispatcher->site.reactor);
}

void dispatcher_hint(struct dispatcher *dispatcher, enum discovery_hint hint)
{
    if (dispatcher->discovery != NULL) {
        discovery_hint(dispatcher->discovery, hint);
    }
}

void dispatcher_refuse(struct dispatcher *dispatcher, struct request *request,
                       enum error_symbol symbol, const char *detail)
{
    holding_release(dispatcher, request);
    error_settle(request, symbol, detail, dispatcher->site.metrics);
}

static void dispatcher_forward(struct dispatcher *dispatcher, struct request *request)
{
    struct pick pick = pick_for(dispatcher, request);

    switch (pick.verdict) {
    case SEND_IT: pool_send(pick.pool, request, request->lane->number); return;
    case WAIT_FOR_IT:
        holding_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, AFTER_A_PAUSE);
        return;
    case REFUSE_IT: dispatcher_refuse(dispatcher, request, pick.error, pick_name(&pick)); return;
    }
}

/* Is there no gate that `request` would have to wait at? */
static bool dispatcher_way_is_free(const struct dispatcher *dispatcher,
                                   const struct request *request)
{
    if (likely(request->target == TARGET_SLOT)) {
        return dispatcher->table.slots[request->slot].watched == 0;
    }
    return list_is_empty(&request->lane->gates);
}

void dispatcher_send(struct dispatcher *dispatcher, struct request *request)
{
    request->sequence = request->lane->next_sequence++;
    if (unlikely(!reactor_timer_is_running(&dispatcher->tick))) {
        reactor_timer_start(&dispatcher->tick, WATCH_TICK_US);
    }
    if (likely(dispatcher_way_is_free(dispatcher, request))) {
        dispatcher_forward(dispatcher, request);
        return;
    }

    uint32_t key = gate_key(request);
    struct gate *gate = gates_find(&dispatcher->gates, request->lane, key);

    if (gate == NULL && key < SLOT_COUNT && moving_has(&dispatcher->moving, request->slot)) {
        gate = holding_gate(dispatcher, request->lane, key);
    }
    if (gate == NULL) {
        dispatcher_forward(dispatcher, request);
        return;
    }
    holding_hold(dispatcher, gate, request);
}

/* The slot is no longer sure: what is in flight for it must be back before more is sent. */
static void dispatcher_gate_in_flight(struct dispatcher *dispatcher, struct list *requests,
                                      uint16_t slot)
{
    LIST_EACH (link, requests) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->slot == slot && request->target == TARGET_SLOT && request->lane != NULL &&
            request->gate == NULL) {
            gate_attach(holding_gate(dispatcher, request->lane, slot), request);
        }
    }
}

static void dispatcher_unsettle(struct dispatcher *dispatcher, struct pool *pool, uint16_t slot)
{
    for (uint32_t i = 0; i < pool->upstream_count; i++) {
        dispatcher_gate_in_flight(dispatcher, &pool->upstreams[i].in_flight, slot);
        dispatcher_gate_in_flight(dispatcher, &pool->upstreams[i].waiting, slot);
    }
}

static void dispatcher_mark_moving(struct dispatcher *dispatcher, uint16_t slot)
{
    if (slot < SLOT_COUNT && moving_mark(&dispatcher->moving, slot, dispatcher_now(dispatcher))) {
        dispatcher->table.slots[slot].watched++;
    }
}

/* Returns true when the request can follow at once. */
static bool dispatcher_follow_moved(struct dispatcher *dispatcher, struct request *request,
                                    const struct redirect *redirect)
{
    struct pool *pool =
        redirect->has_address ? slot_table_pool_at(&dispatcher->table, &redirect->address) : NULL;

    dispatcher_hint(dispatcher, HINT_MOVED);
    if (request->target == TARGET_PRIMARY) {
        request->target = TARGET_SLOT;
        request->slot = redirect->slot;
    }
    if (pool == NULL) {
        return false;
    }
    dispatcher->table.slots[redirect->slot].owner = pool->index;
    return true;
}

/* Redis Cluster: ASK is for this one request and does not change the map. */
static bool dispatcher_follow_ask(struct dispatcher *dispatcher, struct request *request,
                                  const struct redirect *redirect)
{
    struct pool *pool =
        redirect->has_address ? slot_table_pool_at(&dispatcher->table, &redirect->address) : NULL;

    dispatcher_mark_moving(dispatcher, request->slot);
    if (pool == NULL || request->target != TARGET_SLOT) {
        return false;
    }
    request->asking = true;
    request->node = pool->index;
    return true;
}

static void dispatcher_count_refusal(struct metrics *metrics, enum refusal refusal)
{
    switch (refusal) {
    case REFUSAL_MOVED: metric_add(&metrics->redirect_moved_total, 1); return;
    case REFUSAL_ASK: metric_add(&metrics->redirect_ask_total, 1); return;
    case REFUSAL_TRYAGAIN: metric_add(&metrics->redirect_tryagain_total, 1); return;
    case REFUSAL_CLUSTERDOWN: metric_add(&metrics->redirect_clusterdown_total, 1); return;
    case REFUSAL_LOADING: metric_add(&metrics->redirect_loading_total, 1); return;
    case REFUSAL_MASTERDOWN: metric_add(&metrics->redirect_masterdown_total, 1); return;
    case REFUSAL_READONLY: metric_add(&metrics->redirect_readonly_total, 1); return;
    case REFUSAL_NONE:
    case REFUSAL_UNREACHABLE:
    case REFUSAL_LOST:
    case REFUSAL_COUNT: return;
    }
}

/* The node did not execute it: it will be sent again, where and when the refusal says. */
static void dispatcher_on_refused(struct pool *pool, struct request *request,
                                  const struct redirect *redirect)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;
    bool at_once = false;

    dispatcher_count_refusal(dispatcher->site.metrics, redirect->refusal);
    if (request->gate == NULL && request->target == TARGET_SLOT) {
        dispatcher_unsettle(dispatcher, pool, request->slot);
    }
    request->hops++;
    if (redirect->refusal == REFUSAL_MOVED) {
        at_once = dispatcher_follow_moved(dispatcher, request, redirect);
    } else if (redirect->refusal == REFUSAL_ASK) {
        at_once = dispatcher_follow_ask(dispatcher, request, redirect);
    } else if (redirect->refusal == REFUSAL_TRYAGAIN) {
        dispatcher_mark_moving(dispatcher, request->slot);
    } else {
        dispatcher_hint(dispatcher, HINT_UNBOUND);
    }
    holding_hold_refused(dispatcher, request, redirect->refusal,
                         at_once && request->hops <= HOPS_AT_ONCE ? AT_ONCE : AFTER_A_PAUSE);
}

/* What goes to one node for its own sake cannot go to another: only LOADING passes with time. */
static bool redirect_concerns(const struct request *request, enum refusal refusal)
{
    return request->target == TARGET_NODE ? refusal == REFUSAL_LOADING : refusal != REFUSAL_NONE;
}

/* The +OK to our own ASKING comes here too, and is no request's. */
static void dispatcher_swallow(struct metrics *metrics, struct request *request)
{
    if (request->expired) {
        metric_add(&metrics->late_replies_total, 1);
    } else if (!request->muted) {
        metric_add(&metrics->orphans_total, 1);
    }
    request_settle(request, NULL, (struct span){"", 0});
}

static void dispatcher_on_replied(struct pool *pool, struct request *request, struct block *block,
                                  struct span reply)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;

    if (unlikely(request->done == NULL)) {
        dispatcher_swallow(dispatcher->site.metrics, request);
        return;
    }
    if (unlikely(reply.at[0] == '-')) {
        struct redirect redirect = redirect_of(reply, &pool->address);

        if (redirect_concerns(request, redirect.refusal)) {
            dispatcher_on_refused(pool, request, &redirect);
            return;
        }
    }
    if (unlikely(request->gate != NULL)) {
        request->gate->is_settled = true;
        request->gate->attempts = 0;
        request->gate->retry_at = 0;
        holding_release(dispatcher, request);
    }
    request_settle(request, block, reply);
}

static void dispatcher_on_returned(struct pool *pool, struct request *request,
                                   enum return_reason reason)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;
    struct metrics *metrics = dispatcher->site.metrics;

    if (request->done == NULL) {
        request_settle(request, NULL, (struct span){"", 0});
        return;
    }
    request->asking = false;
    if (reason == RETURN_UNSENT) {
        metric_add(&metrics->retry_unsent_total, 1);
        holding_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, AFTER_A_PAUSE);
    } else if (request_is_repeatable(request)) {
        metric_add(&metrics->retry_read_total, 1);
        holding_hold_refused(dispatcher, request, REFUSAL_LOST, AFTER_A_PAUSE);
    } else {
        metric_add(&metrics->outcome_unknown_total, 1);
        dispatcher_refuse(dispatcher, request, ERROR_LOST_AFTER_SEND, pool->name);
    }
}

static void dispatcher_on_ready(struct pool *pool)
{
    holding_look_at_all(pool->site->dispatcher);
}

static void dispatcher_on_unreachable(struct pool *pool)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;

    dispatcher_hint(dispatcher, HINT_UNREACHABLE);
    if (!reactor_timer_is_running(&dispatcher->tick)) {
        reactor_timer_start(&dispatcher->tick, WATCH_TICK_US);
    }
}

static const struct pool_events events = {
    .replied = dispatcher_on_replied,
    .returned = dispatcher_on_returned,
    .ready = dispatcher_on_ready,
    .unreachable = dispatcher_on_unreachable,
};

static void dispatcher_on_tick(struct reactor_timer *timer)
{
    struct dispatcher *dispatcher = container_of(timer, struct dispatcher, tick);

    if (watch_tick(dispatcher)) {
        reactor_timer_start(&dispatcher->tick, WATCH_TICK_US);
    }
}

struct dispatcher *dispatcher_new(struct reactor *reactor, struct intake *intake,
                                  const struct pool_config *config, struct metrics *metrics,
                                  struct discovery *discovery)
{
    struct dispatcher *dispatcher = memory_new(1, sizeof *dispatcher);

    dispatcher->site = (struct pool_site){reactor, intake, config, metrics, &events, dispatcher};
    dispatcher->discovery = discovery;
    dispatcher->waiting_deadline = UINT64_MAX;
    dispatcher->pump.run = holding_on_pump;
    gates_init(&dispatcher->gates);
    slot_table_init(&dispatcher->table, &dispatcher->site);
    reactor_timer_init(&dispatcher->tick, reactor, dispatcher_on_tick);
    return dispatcher;
}

void dispatcher_free(struct dispatcher **dispatcher)
{
    struct dispatcher *gone = *dispatcher;

    *dispatcher = NULL;
    CHECK(gone->gates.count == 0);
    slot_table_clear(&gone->table);
    reactor_timer_stop(&gone->tick);
    list_remove(&gone->pump.link);
    moving_clear(&gone->moving);
    free(gone);
}

/* Requests with a node that no longer serves their slot: those that have not left are taken back,
 * those that have must be back before the new owner gets more of their client's. */
static void dispatcher_recall(struct dispatcher *dispatcher, struct upstream *upstream,
                              const uint64_t *changed)
{
    LIST_EACH (link, &upstream->in_flight) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->lane != NULL && request->target == TARGET_SLOT && request->gate == NULL &&
            slot_bit(changed, request->slot)) {
            gate_attach(holding_gate(dispatcher, request->lane, request->slot), request);
        }
    }
    LIST_EACH_SAFE (link, &upstream->waiting) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->lane != NULL && request->target == TARGET_SLOT && !request->asking &&
            slot_bit(changed, request->slot)) {
            upstream_forget(upstream, request);
            holding_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, AT_ONCE);
        }
    }
}

void dispatcher_adopt(struct dispatcher *dispatcher, struct topology *topology)
{
    struct slot_table *table = &dispatcher->table;
    uint64_t changed[SLOT_COUNT / 64];
    uint32_t count = slot_table_adopt(table, topology, changed);

    metric_add(&dispatcher->site.metrics->topology_adopted_total, 1);
    atomic_store_explicit(&dispatcher->site.metrics->topology_version, topology->version,
                          memory_order_relaxed);
    for (uint16_t i = 0; count > 0 && i < table->pool_count; i++) {
        struct pool *pool = table->pools[i];

        for (uint32_t j = 0; pool != NULL && j < pool->upstream_count; j++) {
            dispatcher_recall(dispatcher, &pool->upstreams[j], changed);
        }
    }
    holding_look_at_all(dispatcher);
    if (!reactor_timer_is_running(&dispatcher->tick)) {
        reactor_timer_start(&dispatcher->tick, WATCH_TICK_US);
    }
}

void dispatcher_abandon(struct dispatcher *dispatcher, struct request **request)
{
    struct request *gone = *request;

    *request = NULL;
    CHECK(gone->state == REQUEST_WAITING || gone->state == REQUEST_SENT);
    gone->done = NULL;
    gone->owner = NULL;
    if (gone->state == REQUEST_WAITING) {
        holding_unhold(dispatcher, gone);
        gone->lane = NULL;
        request_free(&gone);
        return;
    }
    holding_release(dispatcher, gone);
    gone->lane = NULL;
}

void dispatcher_clear_lane(struct dispatcher *dispatcher, struct lane *lane)
{
    struct list_link *link;

    while ((link = list_first(&lane->gates)) != NULL) {
        holding_close_gate(dispatcher, container_of(link, struct gate, in_lane));
    }
}
