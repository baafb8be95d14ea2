/* in_flight.h - what a connection owes answers for, oldest first, and whose answer the next one is.
 *
 * No I/O: requests are appended to the connection's output, answers come from its scan. The
 * connection is upstream.c's. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_IN_FLIGHT_H
#define PROXY_UPSTREAM_IN_FLIGHT_H

#include "proxy/upstream/pool.h"

/* Behind all that is in flight, behind ASKING if need be. */
void in_flight_add(struct upstream *upstream, struct request *request);

/* Gives `reply` to whom it belongs. Returns false when nobody can have asked for it. */
bool in_flight_answer(struct upstream *upstream, struct span reply) MUST_USE;

/* Gives `requests`, `sent` bytes of whose stream have left, back through the pool's events. */
void in_flight_give_back(struct pool *pool, struct list *requests, uint64_t sent);

/* `request` waits or is in flight here, and is wanted no more: out of the waiting it is taken,
 * among those in flight an orphan takes its place. Afterwards it is on no queue, and the caller's.
 */
void in_flight_forget(struct upstream *upstream, struct request *request);

/* Tells the metrics what has changed here since the last time, and looks which is the oldest now:
 * once a turn, not with each request. */
void in_flight_publish(struct upstream *upstream);

/* One more, whose bytes begin where the stream ends. */
static inline void in_flight_append(struct upstream *upstream, struct request *request)
{
    if (upstream->in_flight_count++ == 0) {
        upstream->owes_since = reactor_now(upstream->pool->site->reactor);
        upstream->stream_oldest_end = upstream->stream_queued + request->bytes.size;
    }
    list_append(&upstream->in_flight, &request->in_queue);
    request->offset = upstream->stream_queued;
    upstream->stream_queued += request->bytes.size;
}

/* The oldest has its answer, or will have none. */
static inline void in_flight_pop(struct upstream *upstream)
{
    list_pop(&upstream->in_flight);
    upstream->in_flight_count--;
}

/* What in_flight_add does with a request for which nothing is to be done before. */
static inline void in_flight_add_plain(struct upstream *upstream, struct request *request)
{
    in_flight_append(upstream, request);
    request->is_queued = true;
    upstream->untold_count++;
    sendq_lend(&upstream->output, request->block, request->bytes);
}

/* What in_flight_answer does with `reply`, which is no error, to a plain request that somebody
 * waits for and that has left: nearly always so. Returns false, and has done nothing, when it is
 * not. */
static inline bool in_flight_answer_plain(struct upstream *upstream, struct span reply)
{
    struct list_link *first = upstream->in_flight.anchor.next;
    struct request *request = container_of(first, struct request, in_queue);

    if (unlikely(first == &upstream->in_flight.anchor) || unlikely(!request_is_plain(request)) ||
        unlikely(!upstream_has_left(request, upstream->stream_sent))) {
        return false;
    }

    request_done *done = request->done;

    if (unlikely(done == NULL)) {
        return false;
    }
    in_flight_pop(upstream);
    request->node = upstream->pool->index;
    request_tell(request, done, upstream->inbound.block, reply);
    return true;
}

#endif
