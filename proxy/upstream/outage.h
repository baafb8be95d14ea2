/* outage.h - what people are told of a node that cannot be reached, or is silent: once for each
 * worker, however many users have connections of their own to it.
 *
 *      pool of slotway's user ── fails, is well ──┐
 *      pool of alice          ── fails, is well ──┼──> node_counts ──> log, events
 *      pool of bob            ── fails, is well ──┘
 *
 * The first pool that fails says so, and while it lasts the one that has tried most often says it
 * again, ever more seldom. It is over when no pool misses the node any more. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_OUTAGE_H
#define PROXY_UPSTREAM_OUTAGE_H

#include "proxy/upstream/pool.h"

/* The pool has failed to connect, or a connection of it broke; its ->attempts count that. */
void outage_note(struct pool *pool, enum close_reason reason, const char *error);

/* The node can be reached by the pool; its ->attempts are still those before that. */
void outage_end(struct pool *pool);

/* The pool goes, and nobody knows about its node. */
void outage_forget(struct pool *pool);

/* Is the node out of reach, or silent, for any pool of the worker? */
bool outage_is_on(const struct pool *pool);

/* The pool's breaker is about to open; has just closed. */
void outage_note_silence(const struct pool *pool, enum close_reason reason, const char *error);
void outage_end_silence(const struct pool *pool);

#endif
