/* plain.h - the short way of a plain request onto a shared connection that is fit for it.
 *
 *      request_is_plain, upstream_takes_plain ── yes ──> upstream_send_plain, all inline
 *                                             └─ no ───> pick.h, holding.h ──> upstream_send
 *
 * Nearly all requests go it, and do there what they would do the long way. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_PLAIN_H
#define PROXY_UPSTREAM_PLAIN_H

#include "proxy/upstream/in_flight.h"

/* Would pick_for() have a plain request sent here, whatever else it looks at? */
static inline bool upstream_takes_plain(const struct upstream *upstream,
                                        const struct pool_config *config)
{
    return upstream->is_fit && upstream->in_flight_count < config->backend_in_flight &&
           !upstream_owes_too_much(upstream, config->waiting_bytes);
}

/* Writes what is in the output at the end of this turn. */
static inline void upstream_want_flush(struct upstream *upstream)
{
    reactor_flush_first(upstream->pool->site->reactor, &upstream->flush);
}

/* upstream_send for a plain request that somebody waits for, on a connection that takes it. What is
 * in the output already is to be written anyway, in this turn or when the socket has room. */
static inline void upstream_send_plain(struct upstream *upstream, struct request *request)
{
    request_become(request, REQUEST_SENT);
    if (request->deadline < upstream->earliest_deadline) {
        upstream->earliest_deadline = request->deadline;
    }
    if (unlikely(sendq_is_empty(&upstream->output))) {
        upstream_want_flush(upstream);
    }
    in_flight_add_plain(upstream, request);
}

#endif
