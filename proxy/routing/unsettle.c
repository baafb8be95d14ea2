#include "proxy/routing/unsettle.h"

#include "proxy/routing/holding.h"
#include "proxy/upstream/in_flight.h"

/* More looks at all that is in flight in one turn than this: then all slots are gated at once. A
 * failover moves thousands of slots while thousands of requests are in flight. */
enum { WALKS_MAX = 4 };

static bool has_order(const struct request *request)
{
    return request->lane != NULL && request->target == TARGET_SLOT;
}

static void unsettle_request(struct dispatcher *dispatcher, struct request *request)
{
    if (has_order(request) && request->gate == NULL) {
        gate_attach(holding_gate(dispatcher, request->lane, request->slot), request);
    }
}

static void unsettle_list(struct dispatcher *dispatcher, struct list *requests, uint16_t slot)
{
    LIST_EACH (link, requests) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->slot == slot) {
            unsettle_request(dispatcher, request);
        }
    }
}

/* From the newest backwards to where this was done before. */
static void unsettle_upstream(struct dispatcher *dispatcher, struct upstream *upstream)
{
    struct list_link *link = upstream->in_flight.anchor.previous;

    while (link != &upstream->in_flight.anchor) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->offset < upstream->gated_to) {
            break;
        }
        unsettle_request(dispatcher, request);
        link = link->previous;
    }
    upstream->gated_to = upstream->stream_queued;
}

static bool is_one_of_many(struct upstream *upstream, uint64_t now)
{
    if (upstream->walked_at != now) {
        upstream->walked_at = now;
        upstream->walks = 0;
    }
    return ++upstream->walks > WALKS_MAX;
}

void unsettle_slot(struct dispatcher *dispatcher, struct pool *pool, uint16_t slot)
{
    for (uint32_t i = 0; i < pool->upstream_count; i++) {
        struct upstream *upstream = &pool->upstreams[i];

        if (is_one_of_many(upstream, reactor_now(dispatcher->site.reactor))) {
            unsettle_upstream(dispatcher, upstream);
        } else {
            unsettle_list(dispatcher, &upstream->in_flight, slot);
        }
        unsettle_list(dispatcher, &upstream->waiting, slot);
    }
}

/* An orphan keeps its place with the node and swallows the answer that may still come. */
static void take_back(struct dispatcher *dispatcher, struct upstream *upstream,
                      struct request *request)
{
    in_flight_forget(upstream, request);
    request->asking = false;
    holding_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, AT_ONCE);
}

static bool can_be_repeated(const struct request *request)
{
    return request->done != NULL && has_order(request) && request_is_repeatable(request) &&
           unsettle_may_repeat(request);
}

bool unsettle_may_repeat(const struct request *request)
{
    return request->gate == NULL || request->sequence >= request->gate->writes_end;
}

/* A read must not see what its own client wrote after it: with such a write in the node's hands, it
 * stays there too, or is lost with it. */
static void note_writes(struct list *requests, uint64_t sent)
{
    LIST_EACH (link, requests) {
        const struct request *request = container_of(link, struct request, in_queue);

        if (request->gate != NULL && !request_is_repeatable(request) &&
            upstream_has_left(request, sent)) {
            request->gate->writes_end = request->sequence + 1;
        }
    }
}

void unsettle_broken(struct dispatcher *dispatcher, struct list *requests, uint64_t sent)
{
    LIST_EACH (link, requests) {
        unsettle_request(dispatcher, container_of(link, struct request, in_queue));
    }
    note_writes(requests, sent);
}

static void give_up(struct dispatcher *dispatcher, struct upstream *upstream,
                    struct request *request)
{
    if (can_be_repeated(request)) {
        metric_add(&dispatcher->site.metrics->retry_silent_total, 1);
        take_back(dispatcher, upstream, request);
        return;
    }
    in_flight_forget(upstream, request);
    if (request_is_repeatable(request)) {
        dispatcher_refuse(dispatcher, request, ERROR_TIMEOUT_READ, upstream->pool->name);
        return;
    }
    metric_add(&dispatcher->site.metrics->outcome_unknown_total, 1);
    dispatcher_refuse(dispatcher, request, ERROR_TIMEOUT_WRITE, upstream->pool->name);
}

/* What a moving slot's other node was asked for once is where it belongs. */
static bool was_asked_here(const struct pool *pool, const struct request *request)
{
    return request->refusal == REFUSAL_ASK && request->node == pool->index &&
           request->node_serial == pool->serial;
}

static bool is_at_its_owner(const struct dispatcher *dispatcher, const struct pool *pool,
                            const struct request *request)
{
    return dispatcher->table.slots[request->slot].owner == pool->index;
}

/* Has its slot left `pool` since it was sent? */
static bool is_left_behind(const struct dispatcher *dispatcher, const struct pool *pool,
                           const struct request *request)
{
    return request->done != NULL && has_order(request) &&
           !is_at_its_owner(dispatcher, pool, request) && !was_asked_here(pool, request);
}

static bool slot_is_among(const uint64_t *slots, uint16_t slot)
{
    return slots == NULL || slot_bit(slots, slot);
}

static void hasten(struct dispatcher *dispatcher, struct upstream *upstream, struct list *requests,
                   const uint64_t *slots)
{
    LIST_EACH (link, requests) {
        struct request *request = container_of(link, struct request, in_queue);

        if (request->done != NULL && request_is_step(request) &&
            slot_is_among(slots, request->slot)) {
            request->deadline = reactor_now(dispatcher->site.reactor);
            upstream->earliest_deadline = request->deadline;
        }
    }
}

/* Steps of transactions are not waited for, of these slots or, with NULL, of all: nothing of them
 * has been done, and they may be taken elsewhere. */
static void hasten_steps(struct dispatcher *dispatcher, struct pool *pool, const uint64_t *slots)
{
    LIST_EACH (link, &pool->privates.at[PRIVATE_BUSY]) {
        struct upstream *upstream = container_of(link, struct upstream, in_place);

        hasten(dispatcher, upstream, &upstream->in_flight, slots);
        hasten(dispatcher, upstream, &upstream->waiting, slots);
    }
}

void unsettle_silent(struct dispatcher *dispatcher, struct pool *pool)
{
    hasten_steps(dispatcher, pool, NULL);
    for (uint32_t i = 0; i < pool->upstream_count; i++) {
        struct upstream *upstream = &pool->upstreams[i];

        if (upstream->state != UPSTREAM_READY) {
            continue;
        }
        unsettle_upstream(dispatcher, upstream);
        note_writes(&upstream->in_flight, UINT64_MAX);
        LIST_EACH_SAFE (link, &upstream->in_flight) {
            struct request *request = container_of(link, struct request, in_queue);

            if (is_left_behind(dispatcher, pool, request)) {
                give_up(dispatcher, upstream, request);
            }
        }
    }
}

static bool concerns(const struct request *request, const uint64_t *changed)
{
    return has_order(request) && slot_bit(changed, request->slot);
}

static void unsettle_sent(struct dispatcher *dispatcher, struct upstream *upstream,
                          const uint64_t *changed)
{
    bool is_silent = upstream->pool->breaker == BREAKER_OPEN;

    LIST_EACH (link, &upstream->in_flight) {
        struct request *request = container_of(link, struct request, in_queue);

        if (concerns(request, changed)) {
            unsettle_request(dispatcher, request);
        }
    }
    LIST_EACH_SAFE (link, &upstream->in_flight) {
        struct request *request = container_of(link, struct request, in_queue);

        if (is_silent && request->done != NULL && concerns(request, changed) &&
            !is_at_its_owner(dispatcher, upstream->pool, request)) {
            give_up(dispatcher, upstream, request);
        }
    }
}

static void unsettle_waiting(struct dispatcher *dispatcher, struct upstream *upstream,
                             const uint64_t *changed)
{
    LIST_EACH_SAFE (link, &upstream->waiting) {
        struct request *request = container_of(link, struct request, in_queue);

        if (concerns(request, changed) && !request->asking) {
            take_back(dispatcher, upstream, request);
        }
    }
}

/* A node that no longer serves a slot sends those away who block on it. One that does not is not
 * there any more, or may as well not be: they wait no longer than for any other answer. */
static void unsettle_private(struct dispatcher *dispatcher, struct upstream *upstream,
                             const uint64_t *changed)
{
    uint64_t latest =
        reactor_now(dispatcher->site.reactor) + dispatcher->site.config->timeout_request;

    LIST_EACH (link, &upstream->in_flight) {
        struct request *request = container_of(link, struct request, in_queue);

        if (concerns(request, changed) && request->deadline > latest &&
            !is_at_its_owner(dispatcher, upstream->pool, request)) {
            request->deadline = latest;
            upstream->earliest_deadline =
                latest < upstream->earliest_deadline ? latest : upstream->earliest_deadline;
        }
    }
}

void unsettle_changed(struct dispatcher *dispatcher, struct pool *pool, const uint64_t *changed)
{
    for (uint32_t i = 0; i < pool->upstream_count; i++) {
        unsettle_sent(dispatcher, &pool->upstreams[i], changed);
        unsettle_waiting(dispatcher, &pool->upstreams[i], changed);
    }
    hasten_steps(dispatcher, pool, changed);
    LIST_EACH_SAFE (link, &pool->privates.at[PRIVATE_BUSY]) {
        struct upstream *upstream = container_of(link, struct upstream, in_place);

        unsettle_private(dispatcher, upstream, changed);
        unsettle_waiting(dispatcher, upstream, changed);
    }
}
