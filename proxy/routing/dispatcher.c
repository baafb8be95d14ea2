#include "proxy/routing/dispatcher.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/routing/blocking.h"
#include "proxy/routing/companion.h"
#include "proxy/routing/follow.h"
#include "proxy/routing/heal.h"
#include "proxy/routing/holding.h"
#include "proxy/routing/mending.h"
#include "proxy/routing/obey.h"
#include "proxy/routing/own.h"
#include "proxy/routing/pick.h"
#include "proxy/routing/unsettle.h"
#include "proxy/routing/watch.h"
#include "proxy/routing/written.h"
#include "proxy/upstream/plain.h"
#include "proxy/upstream/private.h"

/* A read that makes nodes hang up would, sent again and again, cost others their answers each time.
 */
enum { LOSSES_MAX = 3 };

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
    if (unlikely(request->special != NULL) && request->special->is_in_doubt) {
        metric_add(&dispatcher->site.metrics->outcome_unknown_total, 1);
        error_settle(request, ERROR_LOST_AFTER_SEND, "its node", dispatcher->site.metrics);
        return;
    }
    error_settle(request, symbol, detail, dispatcher->site.metrics);
}

static void dispatcher_forward(struct dispatcher *dispatcher, struct request *request)
{
    struct pick pick = pick_for(dispatcher, request);

    switch (pick.verdict) {
    case SEND_IT: holding_send(pick.pool, request); return;
    case WAIT_FOR_IT:
        holding_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE,
                             pick.is_halted ? AT_ONCE : AFTER_A_PAUSE);
        return;
    case REFUSE_IT: dispatcher_refuse(dispatcher, request, pick.error, pick_name(&pick)); return;
    }
}

/* Is there no gate that `request` would have to wait at? */
static bool dispatcher_way_is_free(const struct dispatcher *dispatcher,
                                   const struct request *request)
{
    if (request->target == TARGET_SLOT) {
        return dispatcher->table.slots[request->slot].watched == 0;
    }
    return list_is_empty(&request->lane->gates);
}

/* The short way, which nearly all requests go. Returns false, and has done nothing, when there is
 * anything else to look at. */
static inline bool dispatcher_send_plain(struct dispatcher *dispatcher, struct request *request)
{
    const struct slot_entry *entry = &dispatcher->table.slots[request->slot];

    if (unlikely(!request_is_plain(request)) ||
        unlikely(entry->watched != 0 || entry->owner == NODE_NONE)) {
        return false;
    }

    struct pool *pool = dispatcher->table.pools[entry->owner];
    struct upstream *upstream = pool_pick(pool, request->lane->number);

    if (unlikely(!upstream_takes_plain(upstream, dispatcher->site.config))) {
        return false;
    }
    lane_note_written(request->lane, pool, request);
    upstream_send_plain(upstream, request);
    return true;
}

static void dispatcher_send_looking(struct dispatcher *dispatcher, struct request *request)
{
    if (dispatcher_way_is_free(dispatcher, request)) {
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

void dispatcher_send(struct dispatcher *dispatcher, struct request *request)
{
    request->sequence = request->lane->next_sequence++;
    watch_begin(dispatcher);
    if (unlikely(!dispatcher_send_plain(dispatcher, request))) {
        dispatcher_send_looking(dispatcher, request);
    }
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

/* The answer is the client's; but slotway looked at the same keys and found one slot, so one of the
 * two is wrong about which arguments are keys. Worth a line ever more seldom. A script may say
 * anything. */
static void dispatcher_note_error(struct pool *pool, const struct request *request,
                                  struct span reply)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;
    uint64_t times;

    metric_add(&dispatcher->site.metrics->node_errors[node_error_of(reply)], 1);
    metric_add(&pool->counts->errors_total, 1);
    if (likely(!span_starts_with(reply, SPAN("-CROSSSLOT"))) ||
        request->command->class == COMMAND_CLASS_SCRIPT) {
        return;
    }
    times = ++dispatcher->cross_slot_answers;
    if ((times & (times - 1)) == 0) {
        log_error("node finds other keys in a request than slotway",
                  "node=%s command=%s times=%" PRIu64, pool->name, request->command->name, times);
    }
}

/* What was read from a node that owns the slot no more, or on another connection, changes without a
 * word. */
static void dispatcher_note_read(struct pool *pool, const struct request *request,
                                 struct span reply)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;
    bool is_tracked = !request_is_private(request) && request->slot != SLOT_NONE &&
                      dispatcher->table.slots[request->slot].owner == pool->index &&
                      pool_is_tracking(pool, request->lane->number);

    dispatcher->tracking->answered(dispatcher->tracker, request, reply, is_tracked);
}

static void dispatcher_on_replied(struct pool *pool, struct request *request, struct block *block,
                                  struct span reply)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;

    if (unlikely(request->done == NULL)) {
        dispatcher_swallow(dispatcher->site.metrics, request);
        return;
    }
    request->node = pool->index;

    struct span refusal = special_refusal(request->special, reply);

    if (unlikely(refusal.at[0] == '-')) {
        if (request->command->class == COMMAND_CLASS_SCRIPT && request_is_single(request) &&
            (heal_error(pool, request, reply) || mending_error(pool, request, reply))) {
            return;
        }

        struct redirect redirect = redirect_of(refusal, &pool->address);

        if (request_has_otherwise(request) && redirect.refusal != REFUSAL_NONE) {
            follow_note(pool, &redirect);
            own_settle_otherwise(dispatcher, request);
            return;
        }
        if (follow_concerns(request, &redirect, refusal)) {
            follow_refusal(pool, request, &redirect);
            return;
        }
        if (special_has_hearer(request->special)) {
            block = request->special->objection;
            reply = refusal;
        }
        dispatcher_note_error(pool, request, reply);
    }
    if (unlikely(request->gate != NULL)) {
        gate_on_answer(request->gate, request);
        holding_release(dispatcher, request);
    }
    if (unlikely(request->is_tracked)) {
        dispatcher_note_read(pool, request, reply);
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
    if (unlikely(blocking_concerns(request)) && blocking_end(dispatcher, request)) {
        return;
    }
    if (request_has_otherwise(request) &&
        (reason == RETURN_UNSENT || request_is_repeatable(request))) {
        own_settle_otherwise(dispatcher, request);
    } else if (reason == RETURN_UNSENT && pool_is_denied(pool)) {
        dispatcher_refuse(dispatcher, request, ERROR_COMMAND, pool->denial);
    } else if (reason == RETURN_UNSENT) {
        metric_add(&metrics->retry_unsent_total, 1);
        holding_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, AFTER_A_PAUSE);
    } else if (request_is_repeatable(request) &&
               (++request->losses > LOSSES_MAX || !unsettle_may_repeat(request))) {
        dispatcher_refuse(dispatcher, request, ERROR_READ_LOST, NULL);
    } else if (request_is_repeatable(request) || blocking_repeats(dispatcher, request)) {
        metric_add(&metrics->retry_read_total, 1);
        holding_hold_refused(dispatcher, request, REFUSAL_LOST, AFTER_A_PAUSE);
    } else {
        metric_add(&metrics->outcome_unknown_total, 1);
        dispatcher_refuse(dispatcher, request, ERROR_LOST_AFTER_SEND, pool->name);
    }
}

static void dispatcher_on_breaking(struct pool *pool, struct list *requests, uint64_t sent)
{
    unsettle_broken(pool->site->dispatcher, requests, sent);
}

static void dispatcher_on_ready(struct pool *pool)
{
    holding_look_at_all(pool->site->dispatcher);
}

static void dispatcher_on_trouble(struct dispatcher *dispatcher)
{
    dispatcher_hint(dispatcher, HINT_UNREACHABLE);
    watch_begin(dispatcher);
}

static void dispatcher_on_unreachable(struct pool *pool)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;
    uint64_t changed[SLOT_COUNT / 64];

    if (!pool_is_connected(pool) && slot_table_take_from(&dispatcher->table, pool, changed) > 0) {
        unsettle_changed(dispatcher, pool, changed);
        dispatcher_on_moved(dispatcher, changed);
        holding_look_at_all(dispatcher);
    }
    dispatcher_on_trouble(dispatcher);
}

/* Its successor may be known already. */
static void dispatcher_on_stalled(struct pool *pool)
{
    unsettle_silent(pool->site->dispatcher, pool);
    dispatcher_on_trouble(pool->site->dispatcher);
}

static void dispatcher_on_pushed(struct pool *pool, enum dialect dialect, struct span push)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;

    if (dispatcher->tracking != NULL) {
        dispatcher->tracking->pushed(dispatcher->tracker, dialect, push);
    }
}

static void dispatcher_on_forgot(struct pool *pool, enum dialect dialect)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;

    if (dispatcher->tracking != NULL) {
        dispatcher->tracking->forgot(dispatcher->tracker, dialect);
    }
}

void dispatcher_on_moved(struct dispatcher *dispatcher, const uint64_t *slots)
{
    if (dispatcher->tracking != NULL) {
        dispatcher->tracking->moved(dispatcher->tracker, slots);
    }
}

static const struct pool_events events = {
    .replied = dispatcher_on_replied,
    .returned = dispatcher_on_returned,
    .breaking = dispatcher_on_breaking,
    .ready = dispatcher_on_ready,
    .unreachable = dispatcher_on_unreachable,
    .stalled = dispatcher_on_stalled,
    .pushed = dispatcher_on_pushed,
    .forgot = dispatcher_on_forgot,
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

    dispatcher->site =
        (struct pool_site){reactor, intake, config, metrics, &events, dispatcher, NULL, NULL};
    dispatcher->discovery = discovery;
    dispatcher->waiting_deadline = UINT64_MAX;
    dispatcher->made_at = clock_now(); /* not the reactor's: its thread may be at work */
    dispatcher->pump.run = holding_on_pump;
    gates_init(&dispatcher->gates);
    list_init(&dispatcher->mendings);
    list_init(&dispatcher->companions);
    slot_table_init(&dispatcher->table, &dispatcher->site);
    reactor_timer_init(&dispatcher->tick, reactor, dispatcher_on_tick);
    obey_init(dispatcher);
    return dispatcher;
}

void dispatcher_free(struct dispatcher **dispatcher)
{
    struct dispatcher *gone = *dispatcher;

    *dispatcher = NULL;
    CHECK(list_is_empty(&gone->companions));
    list_remove(&gone->in_companions);
    mending_end_all(gone);
    CHECK(gone->gates.count == 0);
    slot_table_clear(&gone->table);
    if (gone->chief != NULL) {
        slot_table_count_unreachable(&gone->chief->table);
    }
    reactor_timer_stop(&gone->tick);
    obey_clear(gone);
    list_remove(&gone->pump.link);
    moving_clear(&gone->moving);
    free(gone);
}

void dispatcher_take_over(struct dispatcher *dispatcher, struct topology *topology)
{
    struct slot_table *table = &dispatcher->table;
    uint64_t changed[SLOT_COUNT / 64];
    uint32_t count = slot_table_adopt(table, topology, changed);

    for (uint16_t i = 0; count > 0 && i < table->pool_count; i++) {
        if (table->pools[i] != NULL) {
            unsettle_changed(dispatcher, table->pools[i], changed);
        }
    }
    if (count > 0) {
        dispatcher_on_moved(dispatcher, changed);
    }
    holding_look_at_all(dispatcher);
    watch_begin(dispatcher);
}

/* Those that the cluster had when slotway first saw it have what they are to have, or tell. */
static void dispatcher_welcome(struct dispatcher *dispatcher, bool is_first)
{
    const struct slot_table *table = &dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        struct pool *pool = table->pools[i];

        if (pool == NULL || pool->is_known || pool->is_leaving) {
            continue;
        }
        pool->is_known = true;
        if (pool->is_primary && dispatcher->worker == 0 && !is_first) {
            mending_welcome(pool);
        }
    }
}

void dispatcher_adopt(struct dispatcher *dispatcher, struct topology *topology)
{
    bool is_first = dispatcher->table.topology == NULL;

    companions_take_over(dispatcher, topology);
    metric_add(&dispatcher->site.metrics->topology_adopted_total, 1);
    atomic_store_explicit(&dispatcher->site.metrics->topology_version, topology->version,
                          memory_order_relaxed);
    dispatcher_take_over(dispatcher, topology);
    obey_look(dispatcher);
    dispatcher_welcome(dispatcher, is_first);
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
    if (unlikely(gone->special != NULL) && gone->special->upstream != NULL) {
        /* What it would get there is to stay where it is; and nobody else waits there. */
        blocking_leave(gone);
        gone->lane = NULL;
        upstream_close(gone->special->upstream, CLOSE_GIVEN_UP);
        return;
    }
    gone->lane = NULL;
    if (gone->is_queued) {
        /* Nobody will want it sent again. */
        block_release(&gone->block);
    }
}

void dispatcher_clear_lane(struct dispatcher *dispatcher, struct lane *lane)
{
    struct list_link *link;

    if (lane->own != NULL) {
        private_drop(&lane->own);
    }
    while ((link = list_first(&lane->gates)) != NULL) {
        holding_close_gate(dispatcher, container_of(link, struct gate, in_lane));
    }
}
