/* sampled.h - what is measured of a request that is looked at closely, on its way to its node and
 * back: for the metrics of its kind of command, and of its node.
 *
 *      arrived ── queue_time ──> the kernel has its last byte ── backend_time ──> answered
 *         ^                                                                          │
 *         └── refused or lost: it is slotway's again ────────────────────────────────┘
 *
 * All do nothing for the many that are not. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_SAMPLED_H
#define PROXY_UPSTREAM_SAMPLED_H

#include "proxy/upstream/pool.h"

/* `request` has a place in the stream. */
void sampled_begin(struct upstream *upstream, struct request *request);

/* The kernel has taken bytes of the stream. */
void sampled_note_sent(struct upstream *upstream);

/* `request` has its last answer, which may be a refusal. */
void sampled_answer(struct upstream *upstream, const struct request *request);

/* `request` will have none over this connection. */
void sampled_return(const struct pool *pool, const struct request *request);

#endif
