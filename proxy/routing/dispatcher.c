#include "proxy/routing/dispatcher.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/routing/redirect.h"
#include "proxy/routing/watch.h"

enum {
    PAUSE_FIRST_US = US_PER_MS,
    PAUSE_MAX_US = 50 * US_PER_MS,
    HOPS_AT_ONCE = 5, /* redirections followed without a pause */
};

enum verdict { SEND_IT, WAIT_FOR_IT, REFUSE_IT };

/* Where a request can go now. */
struct pick {
    enum verdict verdict;
    struct pool *pool;
    enum error_symbol error;
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

void dispatcher_look_at(struct dispatcher *dispatcher, struct gate *gate)
{
    list_move(&dispatcher->gates.ready, &gate->in_list);
    reactor_flush_later(dispatcher->site.reactor, &dispatcher->pump);
}

void dispatcher_look_at_all(struct dispatcher *dispatcher)
{
    if (dispatcher->gates.count == 0) {
        return;
    }
    LIST_EACH (link, &dispatcher->gates.resting) {
        container_of(link, struct gate, in_list)->retry_at = 0;
    }
    list_splice(&dispatcher->gates.ready, &dispatcher->gates.resting);
    reactor_flush_later(dispatcher->site.reactor, &dispatcher->pump);
}

static struct gate *dispatcher_gate(struct dispatcher *dispatcher, struct lane *lane, uint32_t key)
{
    struct gate *gate = gates_find(&dispatcher->gates, lane, key);

    if (gate == NULL) {
        gate = gate_new(&dispatcher->gates, lane, key);
        list_append(&dispatcher->gates.resting, &gate->in_list);
        if (gate_is_for_slot(gate)) {
            dispatcher->table.slots[key].watched++;
        }
    }
    return gate;
}

static void dispatcher_close_gate(struct dispatcher *dispatcher, struct gate *gate)
{
    if (gate_is_for_slot(gate)) {
        dispatcher_unwatch(dispatcher, (uint16_t)gate->key);
    }
    gate_free(&dispatcher->gates, &gate);
}

void dispatcher_unwatch(struct dispatcher *dispatcher, uint16_t slot)
{
    CHECK(dispatcher->table.slots[slot].watched > 0);
    dispatcher->table.slots[slot].watched--;
}

/* The request leaves the node's hands: its gate may go on. */
static void dispatcher_release(struct dispatcher *dispatcher, struct request *request)
{
    struct gate *gate = request->gate;

    if (gate != NULL) {
        gate_detach(request);
        dispatcher_look_at(dispatcher, gate);
    }
}

void dispatcher_refuse(struct dispatcher *dispatcher, struct request *request,
                       enum error_symbol symbol, const char *detail)
{
    dispatcher_release(dispatcher, request);
    error_settle(request, symbol, detail, dispatcher->site.metrics);
}

static void dispatcher_count_waiting(struct dispatcher *dispatcher, const struct request *request)
{
    struct metrics *metrics = dispatcher->site.metrics;

    dispatcher->waiting_count++;
    dispatcher->waiting_bytes += request->bytes.size;
    if (request->deadline < dispatcher->waiting_deadline) {
        dispatcher->waiting_deadline = request->deadline;
    }
    metric_add(&metrics->waiting_requests, 1);
    metric_add(&metrics->waiting_bytes, request->bytes.size);
    metric_add(&metrics->waited_total, 1);
}

void dispatcher_unhold(struct dispatcher *dispatcher, struct request *request)
{
    struct metrics *metrics = dispatcher->site.metrics;

    CHECK(request->state == REQUEST_WAITING && list_link_is_on(&request->in_queue));
    list_remove(&request->in_queue);
    dispatcher->waiting_count--;
    dispatcher->waiting_bytes -= request->bytes.size;
    metric_subtract(&metrics->waiting_requests, 1);
    metric_subtract(&metrics->waiting_bytes, request->bytes.size);
}

/* Puts `request` behind its gate. Refuses it where too much waits already. */
static void dispatcher_hold(struct dispatcher *dispatcher, struct gate *gate,
                            struct request *request)
{
    const struct pool_config *config = dispatcher->site.config;

    if (request->state == REQUEST_SENT) {
        gate_detach(request);
        request_become(request, REQUEST_WAITING);
    }
    dispatcher_look_at(dispatcher, gate);
    if (dispatcher->waiting_count >= config->waiting_requests ||
        dispatcher->waiting_bytes + request->bytes.size > config->waiting_bytes) {
        dispatcher_refuse(dispatcher, request, ERROR_OVERLOADED, "the cluster to settle");
        return;
    }
    gate_hold(gate, request);
    dispatcher_count_waiting(dispatcher, request);
}

/* Doubles with each refusal in a row; jittered, so that clients do not come back together. */
static uint64_t gate_pause(const struct gate *gate)
{
    uint64_t pause = (uint64_t)PAUSE_FIRST_US << (gate->attempts < 6 ? gate->attempts : 6);

    if (pause > PAUSE_MAX_US) {
        pause = PAUSE_MAX_US;
    }
    return pause - (uint64_t)random() % (pause / 2);
}

/* Holds back what was refused, or never left, or lost its answer; with or without a pause. */
static void dispatcher_hold_refused(struct dispatcher *dispatcher, struct request *request,
                                    enum refusal refusal, bool pauses)
{
    struct gate *gate = request->gate;

    if (gate == NULL) {
        gate = dispatcher_gate(dispatcher, request->lane, gate_key(request));
    }
    request->refusal = (uint8_t)refusal;
    gate->is_settled = false;
    if (pauses) {
        gate->retry_at = dispatcher_now(dispatcher) + gate_pause(gate);
        gate->attempts++;
    }
    dispatcher_hold(dispatcher, gate, request);
}

static struct pick pick_refuse(enum error_symbol error, struct pool *pool)
{
    return (struct pick){REFUSE_IT, pool, error};
}

/* The pool that serves `request`, whatever state it is in; NULL when nobody does. */
static struct pool *dispatcher_pool_for(struct dispatcher *dispatcher, struct request *request)
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

static struct pick dispatcher_pick(struct dispatcher *dispatcher, struct request *request)
{
    struct pool *pool = dispatcher_pool_for(dispatcher, request);

    if (unlikely(pool == NULL)) {
        dispatcher_hint(dispatcher, HINT_UNBOUND);
        return pick_refuse(dispatcher->table.topology == NULL ? ERROR_CLUSTER_UNKNOWN
                                                              : ERROR_CLUSTER_DOWN,
                           NULL);
    }
    if (unlikely(pool->attempts > 0)) {
        /* Out of reach for longer than anybody's patience: say so at once. Probes go on. */
        if (pool->down_since + dispatcher->site.config->timeout_request <
            dispatcher_now(dispatcher)) {
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

static void dispatcher_refuse_pick(struct dispatcher *dispatcher, struct request *request,
                                   const struct pick *pick)
{
    const char *name = pick->pool == NULL ? "the cluster" : pick->pool->name;

    dispatcher_refuse(dispatcher, request, pick->error, name);
}

static void dispatcher_forward(struct dispatcher *dispatcher, struct request *request)
{
    struct pick pick = dispatcher_pick(dispatcher, request);

    switch (pick.verdict) {
    case SEND_IT: pool_send(pick.pool, request, request->lane->number); return;
    case WAIT_FOR_IT:
        dispatcher_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, true);
        return;
    case REFUSE_IT: dispatcher_refuse_pick(dispatcher, request, &pick); return;
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
        gate = dispatcher_gate(dispatcher, request->lane, key);
    }
    if (gate == NULL) {
        dispatcher_forward(dispatcher, request);
        return;
    }
    dispatcher_hold(dispatcher, gate, request);
}

static void gate_rest(struct dispatcher *dispatcher, struct gate *gate)
{
    list_move(&dispatcher->gates.resting, &gate->in_list);
}

/* May more than one request of the gate be on its way? */
static bool gate_is_open(const struct dispatcher *dispatcher, const struct gate *gate)
{
    return gate->is_settled && !(gate_is_for_slot(gate) &&
                                 moving_has(&dispatcher->moving, (uint16_t)gate->key));
}

/* Sends or refuses the first that waits. Returns false when the gate must rest. */
static bool dispatcher_pump_one(struct dispatcher *dispatcher, struct gate *gate,
                                struct request *request)
{
    struct pick pick = dispatcher_pick(dispatcher, request);

    if (pick.verdict == WAIT_FOR_IT) {
        gate->retry_at = dispatcher_now(dispatcher) + gate_pause(gate);
        return false;
    }
    dispatcher_unhold(dispatcher, request);
    if (pick.verdict == REFUSE_IT) {
        dispatcher_refuse_pick(dispatcher, request, &pick);
        return true;
    }
    if (!gate_is_open(dispatcher, gate)) {
        gate_attach(gate, request);
    }
    pool_send(pick.pool, request, request->lane->number);
    return true;
}

static void dispatcher_pump_gate(struct dispatcher *dispatcher, struct gate *gate)
{
    while (gate->outstanding == 0 && gate->retry_at <= dispatcher_now(dispatcher)) {
        struct list_link *first = list_first(&gate->waiting);

        if (first == NULL) {
            dispatcher_close_gate(dispatcher, gate);
            return;
        }
        if (!dispatcher_pump_one(dispatcher, gate,
                                 container_of(first, struct request, in_queue))) {
            break;
        }
    }
    gate_rest(dispatcher, gate);
}

static void dispatcher_on_pump(struct turn_task *task)
{
    struct dispatcher *dispatcher = container_of(task, struct dispatcher, pump);
    struct list_link *first;

    while ((first = list_first(&dispatcher->gates.ready)) != NULL) {
        dispatcher_pump_gate(dispatcher, container_of(first, struct gate, in_list));
    }
}

/* The slot is no longer sure: what is in flight for it must be back before more is sent. */
static void dispatcher_gate_in_flight(struct dispatcher *dispatcher, struct list *requests,
                                      uint16_t slot)
{
    LIST_EACH (link, requests) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->slot == slot && request->target == TARGET_SLOT && request->lane != NULL &&
            request->gate == NULL) {
            gate_attach(dispatcher_gate(dispatcher, request->lane, slot), request);
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
    if (slot < SLOT_COUNT &&
        moving_mark(&dispatcher->moving, slot, dispatcher_now(dispatcher))) {
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
    dispatcher_hold_refused(dispatcher, request, redirect->refusal,
                            !at_once || request->hops > HOPS_AT_ONCE);
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
        dispatcher_release(dispatcher, request);
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
        dispatcher_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, true);
    } else if (request_is_repeatable(request)) {
        metric_add(&metrics->retry_read_total, 1);
        dispatcher_hold_refused(dispatcher, request, REFUSAL_LOST, true);
    } else {
        metric_add(&metrics->outcome_unknown_total, 1);
        dispatcher_refuse(dispatcher, request, ERROR_LOST_AFTER_SEND, pool->name);
    }
}

static void dispatcher_on_ready(struct pool *pool)
{
    dispatcher_look_at_all(pool->site->dispatcher);
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
    dispatcher->pump.run = dispatcher_on_pump;
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
            gate_attach(dispatcher_gate(dispatcher, request->lane, request->slot), request);
        }
    }
    LIST_EACH_SAFE (link, &upstream->waiting) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->lane != NULL && request->target == TARGET_SLOT && !request->asking &&
            slot_bit(changed, request->slot)) {
            upstream_forget(upstream, request);
            dispatcher_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, false);
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
    dispatcher_look_at_all(dispatcher);
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
        dispatcher_unhold(dispatcher, gone);
        gone->lane = NULL;
        request_free(&gone);
        return;
    }
    dispatcher_release(dispatcher, gone);
    gone->lane = NULL;
}

void dispatcher_clear_lane(struct dispatcher *dispatcher, struct lane *lane)
{
    struct list_link *link;

    while ((link = list_first(&lane->gates)) != NULL) {
        dispatcher_close_gate(dispatcher, container_of(link, struct gate, in_lane));
    }
}
