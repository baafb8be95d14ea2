/* obey.h - a worker holds requests back from the nodes that an operator has named, or leaves them:
 * halts.h.
 *
 *      board ── told, and every OBEY_LOOK_US ──> pools that are halted ──> unfit for plain
 * requests, ^                                                                 and pick_for says:
 * wait └────────── what they still owe ───────────────┘
 *
 * What waits does so at gates, as during a failover, in its order. Its deadline stands still, so it
 * has as much time left afterwards as before. What was sent is answered; who blocks stays. What
 * ends a script, and what an operator sends to a node by name, goes past a halt.
 *
 * A node that is drained is not chosen where any would do, no idle connection to it is kept for the
 * next client that needs one for itself, and what it has of slots, it serves. Part of the
 * dispatcher; worker's thread only.
 */
#ifndef PROXY_ROUTING_OBEY_H
#define PROXY_ROUTING_OBEY_H

#include "proxy/routing/dispatcher.h"

enum { OBEY_LOOK_US = 20 * US_PER_MS };

void obey_init(struct dispatcher *dispatcher);
void obey_clear(struct dispatcher *dispatcher);

/* The board may say something else than before, or there are other nodes: also for those of its
 * companions, whose chief it is. */
void obey_look(struct dispatcher *dispatcher);

/* Is nothing to be sent to that node, or with NULL to any? */
bool obey_is_halted(const struct dispatcher *dispatcher, const struct pool *pool);

/* Must `request`, for `pool`, which may be NULL, wait for an operator? */
bool obey_holds(const struct dispatcher *dispatcher, const struct pool *pool,
                const struct request *request);

/* The first that waits at `gate` must wait for an operator. */
void obey_hold(struct dispatcher *dispatcher, struct gate *gate);

/* Not any more: all that wait there get the time back. */
void obey_release(struct dispatcher *dispatcher, struct gate *gate);

/* Does so much wait for an operator that clients are to keep the rest to themselves? */
bool obey_is_crowded(const struct dispatcher *dispatcher);

#endif
