#include "proxy/upstream/in_flight.h"

#include "proxy/upstream/private.h"
#include "proxy/upstream/sampled.h"

/* Redis Cluster: ASKING and the request must be neighbours on the connection, or the node forgets.
 * Its own +OK is nobody's reply: an orphan takes it. */
static void in_flight_add_asking(struct upstream *upstream, const struct request *request)
{
    static const struct span asking = {"*1\r\n$6\r\nASKING\r\n", 16};
    struct request *prefix = request_new(request->command, NULL, asking);

    request_become(prefix, REQUEST_SENT);
    prefix->deadline = UINT64_MAX;
    prefix->muted = true;
    in_flight_append(upstream, prefix);
    sendq_append(&upstream->output, asking);
}

/* What the request needs to find on its connection stands right before it. */
static void in_flight_add_preface(struct upstream *upstream, const struct request *request)
{
    const struct special *special = request->special;
    struct span bytes = {special->preface->bytes, special->preface->used};
    struct request *prefix = request_new(request->command, NULL, bytes);

    request_become(prefix, REQUEST_SENT);
    prefix->deadline = UINT64_MAX;
    prefix->muted = true;
    special_of(prefix)->commands = special->preface_commands;
    special_begin(prefix->special);
    in_flight_append(upstream, prefix);
    sendq_lend(&upstream->output, special->preface, bytes);
}

void in_flight_add(struct upstream *upstream, struct request *request)
{
    if (unlikely(request->special != NULL) && request->special->preface != NULL) {
        in_flight_add_preface(upstream, request);
    }
    if (unlikely(request->asking)) {
        in_flight_add_asking(upstream, request);
        request->asking = false;
    }
    if (unlikely(request->special != NULL)) {
        special_begin(request->special);
        upstream->is_in_multi = upstream->is_in_multi || request->special->is_step;
        upstream->output.is_secret = upstream->output.is_secret || request->special->is_secret;
    }
    in_flight_add_plain(upstream, request);
    sampled_begin(upstream, request);
    if (unlikely(request->done == NULL)) {
        block_release(&request->block);
    }
}

/* In flight is what has a place in the stream; what waits has none yet. */
void in_flight_forget(struct upstream *upstream, struct request *request)
{
    CHECK(request->state == REQUEST_SENT && list_link_is_on(&request->in_queue));
    if (upstream->state == UPSTREAM_READY) {
        struct request *orphan = request_new(request->command, NULL, request->bytes);

        request_become(orphan, REQUEST_SENT);
        orphan->expired = true;
        orphan->deadline = UINT64_MAX;
        orphan->offset = request->offset;
        special_inherit(orphan, request);
        list_insert_before(&request->in_queue, &orphan->in_queue);
    } else {
        upstream->waiting_count--;
    }
    list_remove(&request->in_queue);
    special_leave(request);
}

static uint64_t oldest_end(const struct upstream *upstream)
{
    struct list_link *link = list_first(&upstream->in_flight);

    if (link == NULL) {
        return upstream->stream_queued;
    }

    const struct request *oldest = container_of(link, struct request, in_queue);

    return oldest->offset + oldest->bytes.size;
}

void in_flight_publish(struct upstream *upstream)
{
    struct metrics *metrics = upstream->pool->site->metrics;
    uint64_t grown = (uint64_t)upstream->in_flight_count - upstream->told_in_flight;

    metric_add(&metrics->upstream_requests_total, upstream->untold_count);
    metric_add(&upstream->pool->counts->requests_total, upstream->untold_count);
    metric_add(&metrics->upstream_in_flight, grown);
    metric_add(&upstream->pool->counts->in_flight, grown);
    upstream->told_in_flight = upstream->in_flight_count;
    upstream->untold_count = 0;
    upstream->stream_oldest_end = oldest_end(upstream);
}

/* Is there a request that `reply` can be the answer to? Nobody answers what has not come whole, but
 * for an error on what has begun to ("Protocol error"), and for the first of several commands. */
static bool is_asked(const struct upstream *upstream, struct span reply)
{
    struct list_link *link = list_first(&upstream->in_flight);

    if (unlikely(link == NULL)) {
        return false;
    }

    const struct request *request = container_of(link, struct request, in_queue);
    bool is_first = unlikely(request->special != NULL) && request->special->answers_left > 1;
    size_t needed = reply.at[0] == '-' || is_first ? 1 : request->bytes.size;

    return request->offset + needed <= upstream->stream_sent;
}

/* Whoever wants its connection for longer has it before anything else can. */
static void in_flight_leave(struct upstream *upstream, struct request *request, struct span reply)
{
    struct special *special = request->special;

    if (likely(special == NULL)) {
        return;
    }
    if (special->keeper != NULL && (reply.at[0] != '-' || special_has_hearer(special))) {
        private_hold(upstream, special->keeper);
    }
    special_leave(request);
}

static bool begins_multi(const struct request *request)
{
    return unlikely(request->special != NULL) && request->special->begins_multi;
}

static void note_multi(struct pool *pool, const struct request *request, struct span reply)
{
    if (begins_multi(request) && request->special->answers_left == request->special->commands) {
        pool->takes_multi = span_equal(reply, SPAN("+OK\r\n"));
    }
}

bool in_flight_answer(struct upstream *upstream, struct span reply)
{
    if (reply.at[0] != '-' && in_flight_answer_plain(upstream, reply)) {
        return true;
    }
    if (unlikely(!is_asked(upstream, reply))) {
        return false;
    }

    struct request *request =
        container_of(list_first(&upstream->in_flight), struct request, in_queue);

    note_multi(upstream->pool, request, reply);
    if (unlikely(request->special != NULL) && special_hear(request, reply)) {
        return true;
    }
    in_flight_pop(upstream);
    sampled_answer(upstream, request);
    in_flight_leave(upstream, request, reply);
    if (unlikely(upstream->use == USE_PRIVATE)) {
        private_hear(upstream, request, reply);
    }
    upstream->pool->site->events->replied(upstream->pool, request, upstream->inbound.block, reply);
    return true;
}

/* Redis: who may not say MULTI is not kept from saying what stands behind it, and that is executed
 * before its end has come. */
static bool is_in_part(const struct pool *pool, const struct request *request, uint64_t sent)
{
    return begins_multi(request) && !pool->takes_multi && request->offset < sent;
}

void in_flight_give_back(struct pool *pool, struct list *requests, uint64_t sent)
{
    struct list_link *link;

    if (sent > 0 && !list_is_empty(requests)) {
        pool->site->events->breaking(pool, requests, sent);
    }
    while ((link = list_take_first(requests)) != NULL) {
        struct request *request = container_of(link, struct request, in_queue);
        bool left = upstream_has_left(request, sent) || is_in_part(pool, request, sent);

        special_leave(request);
        sampled_return(pool, request);
        pool->site->events->returned(pool, request, left ? RETURN_LOST : RETURN_UNSENT);
    }
}
