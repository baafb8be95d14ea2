#include "proxy/routing/holding.h"

#include <stdlib.h>

#include "proxy/routing/blocking.h"
#include "proxy/routing/heal.h"
#include "proxy/routing/obey.h"
#include "proxy/routing/own.h"
#include "proxy/routing/pick.h"
#include "proxy/routing/written.h"
#include "proxy/upstream/private.h"

enum {
    PAUSE_FIRST_US = US_PER_MS,
    PAUSE_MAX_US = 50 * US_PER_MS,
    WAIT_MAX_US = 200 * US_PER_MS,
};

void holding_look_at(struct dispatcher *dispatcher, struct gate *gate)
{
    list_move(&dispatcher->gates.ready, &gate->in_list);
    reactor_flush_later(dispatcher->site.reactor, &dispatcher->pump);
}

void holding_look_at_all(struct dispatcher *dispatcher)
{
    if (dispatcher->gates.count == 0) {
        return;
    }
    gates_wake_all(&dispatcher->gates);
    reactor_flush_later(dispatcher->site.reactor, &dispatcher->pump);
}

struct gate *holding_gate(struct dispatcher *dispatcher, struct lane *lane, uint32_t key)
{
    struct gate *gate = gates_find(&dispatcher->gates, lane, key);

    if (gate == NULL) {
        gate = gate_new(&dispatcher->gates, lane, key);
        gates_rest(&dispatcher->gates, gate);
        if (gate_is_for_slot(gate)) {
            dispatcher->table.slots[key].watched++;
        }
    }
    return gate;
}

void holding_close_gate(struct dispatcher *dispatcher, struct gate *gate)
{
    if (gate_is_for_slot(gate)) {
        holding_unwatch(dispatcher, (uint16_t)gate->key);
    }
    gate_free(&dispatcher->gates, &gate);
}

void holding_unwatch(struct dispatcher *dispatcher, uint16_t slot)
{
    CHECK(dispatcher->table.slots[slot].watched > 0);
    dispatcher->table.slots[slot].watched--;
}

/* The request leaves the node's hands: its gate may go on. */
void holding_release(struct dispatcher *dispatcher, struct request *request)
{
    struct gate *gate = request->gate;

    if (gate != NULL) {
        gate_detach(request);
        holding_look_at(dispatcher, gate);
    }
}

static void count_waiting(struct dispatcher *dispatcher, struct request *request)
{
    struct metrics *metrics = dispatcher->site.metrics;
    struct dispatcher *chief = dispatcher_chief(dispatcher);

    request->held_at = reactor_now(dispatcher->site.reactor);
    chief->waiting_count++;
    chief->waiting_bytes += request->bytes.size;
    if (request->deadline < dispatcher->waiting_deadline) {
        dispatcher->waiting_deadline = request->deadline;
    }
    metric_add(&metrics->waiting_requests, 1);
    metric_add(&metrics->waiting_bytes, request->bytes.size);
    metric_add(&metrics->waited_total, 1);
}

void holding_unhold(struct dispatcher *dispatcher, struct request *request)
{
    struct metrics *metrics = dispatcher->site.metrics;
    struct dispatcher *chief = dispatcher_chief(dispatcher);

    CHECK(request->state == REQUEST_WAITING && list_link_is_on(&request->in_queue));
    list_remove(&request->in_queue);
    chief->waiting_count--;
    chief->waiting_bytes -= request->bytes.size;
    metric_subtract(&metrics->waiting_requests, 1);
    metric_subtract(&metrics->waiting_bytes, request->bytes.size);
    uint64_t waited = reactor_now(dispatcher->site.reactor) - request->held_at;

    request->waited += waited;
    histogram_record(&metrics->waiting_time, waited);
}

/* Puts `request` behind its gate. Refuses it where too much waits already. */
void holding_hold(struct dispatcher *dispatcher, struct gate *gate, struct request *request)
{
    const struct pool_config *config = dispatcher->site.config;
    const struct dispatcher *chief = dispatcher_chief(dispatcher);

    if (request->state == REQUEST_SENT) {
        gate_detach(request);
        request_become(request, REQUEST_WAITING);
    }
    if (unlikely(blocking_concerns(request))) {
        blocking_hold(dispatcher, request);
    }
    holding_look_at(dispatcher, gate);
    if (chief->waiting_count >= config->waiting_requests ||
        chief->waiting_bytes + request->bytes.size > config->waiting_bytes) {
        dispatcher_refuse(dispatcher, request, ERROR_OVERLOADED, "the cluster to settle");
        return;
    }
    request_shrink(request);
    gate_hold(gate, request);
    count_waiting(dispatcher, request);
}

/* Doubles from one time to the next; jittered, so that clients do not come back together. */
static uint64_t growing_pause(uint32_t times, uint64_t most)
{
    uint64_t pause = (uint64_t)PAUSE_FIRST_US << (times < 10 ? times : 10);

    if (pause > most) {
        pause = most;
    }
    return pause - (uint64_t)random() % (pause / 2);
}

static uint64_t gate_pause(const struct gate *gate)
{
    return growing_pause(gate->attempts, PAUSE_MAX_US);
}

/* Thousands may wait for one node. When it can be reached, or is replaced, all gates are looked at
 * anyway; only that it has room again is told by nobody. */
static uint64_t gate_wait(struct gate *gate, const struct pick *pick)
{
    return pick->verdict == WAIT_FOR_IT ? growing_pause(gate->waits++, WAIT_MAX_US)
                                        : gate_pause(gate);
}

/* Holds back what was refused, or never left, or lost its answer; with or without a pause. */
void holding_hold_refused(struct dispatcher *dispatcher, struct request *request,
                          enum refusal refusal, enum pause pause)
{
    struct gate *gate = request->gate;

    if (gate == NULL) {
        gate = holding_gate(dispatcher, request->lane, gate_key(request));
    }
    request->refusal = (uint8_t)refusal;
    gate->is_settled = false;
    if (pause == AFTER_A_PAUSE) {
        gate->retry_at = reactor_now(dispatcher->site.reactor) + gate_pause(gate);
        gate->attempts++;
    }
    holding_hold(dispatcher, gate, request);
}

/* On the connection that its lane holds, if that leads to the right node. */
static void send_private(struct pool *pool, struct request *request)
{
    enum dialect dialect = dialect_plain(lane_dialect(request->lane));
    struct upstream *upstream = pick_own(pool, request);

    if (upstream == NULL) {
        upstream =
            request->special->is_fresh ? private_make(pool, dialect) : private_take(pool, dialect);
    }
    if (request->special->may_block && request->special->commands == 1) {
        private_introduce(upstream);
    }
    request->special->upstream = upstream;
    upstream_send(upstream, request);
}

void holding_send(struct pool *pool, struct request *request)
{
    if (unlikely(blocking_concerns(request)) && !blocking_send(pool->site->dispatcher, request)) {
        return;
    }
    if (unlikely(request->script != 0) && request_is_single(request)) {
        heal_before_send(pool, request);
    }
    lane_note_written(request->lane, pool, request);
    if (request_is_private(request)) {
        send_private(pool, request);
    } else if (unlikely(pick_is_urgent(request))) {
        pool_send_reserved(pool, request);
    } else {
        pool_send(pool, request, request->lane->number);
    }
}

/* May more than one request of the gate be on its way? */
static bool gate_is_open(const struct dispatcher *dispatcher, const struct gate *gate)
{
    return gate->is_settled &&
           !(gate_is_for_slot(gate) && moving_has(&dispatcher->moving, (uint16_t)gate->key));
}

/* What waits is counted and bounded as such: that the node has much to answer is no reason to
 * refuse it. Some of that may even be what it owes for requests that were taken back, and wait
 * here. */
static bool pick_waits(const struct pick *pick)
{
    return pick->verdict == WAIT_FOR_IT ||
           (pick->verdict == REFUSE_IT && pick->error == ERROR_OVERLOADED);
}

/* Sends or settles what goes where its lane holds a connection, or not at all. Returns false when
 * the gate must rest. */
static bool pump_own(struct dispatcher *dispatcher, struct gate *gate, struct request *request)
{
    if (own_must_wait(dispatcher, request)) {
        obey_hold(dispatcher, gate);
        return false;
    }
    if (gate->halted_since != 0) {
        obey_release(dispatcher, gate);
    }
    holding_unhold(dispatcher, request);
    own_send(dispatcher, request);
    return true;
}

/* Sends or refuses the first that waits. Returns false when the gate must rest. */
static bool pump_one(struct dispatcher *dispatcher, struct gate *gate, struct request *request)
{
    if (unlikely(request_has_otherwise(request))) {
        return pump_own(dispatcher, gate, request);
    }

    struct pick pick = pick_for(dispatcher, request);

    if (unlikely(pick.is_halted)) {
        obey_hold(dispatcher, gate);
        return false;
    }
    if (unlikely(gate->halted_since != 0)) {
        obey_release(dispatcher, gate);
    }
    if (pick_waits(&pick)) {
        gate->retry_at = reactor_now(dispatcher->site.reactor) + gate_wait(gate, &pick);
        return false;
    }
    gate->waits = 0;
    holding_unhold(dispatcher, request);
    if (pick.verdict == REFUSE_IT) {
        dispatcher_refuse(dispatcher, request, pick.error, pick_name(&pick));
        return true;
    }
    if (!gate_is_open(dispatcher, gate)) {
        gate_attach(gate, request);
    }
    holding_send(pick.pool, request);
    return true;
}

static void pump_gate(struct dispatcher *dispatcher, struct gate *gate)
{
    while (gate->outstanding == 0 && gate->retry_at <= reactor_now(dispatcher->site.reactor)) {
        struct list_link *first = list_first(&gate->waiting);

        if (first == NULL) {
            holding_close_gate(dispatcher, gate);
            return;
        }
        if (!pump_one(dispatcher, gate, container_of(first, struct request, in_queue))) {
            break;
        }
    }
    gates_rest(&dispatcher->gates, gate);
}

void holding_on_pump(struct turn_task *task)
{
    struct dispatcher *dispatcher = container_of(task, struct dispatcher, pump);
    struct list_link *first;

    block_bill(dispatcher->site.intake->account);
    while ((first = list_first(&dispatcher->gates.ready)) != NULL) {
        pump_gate(dispatcher, container_of(first, struct gate, in_list));
    }
}
