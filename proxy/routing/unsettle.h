/* unsettle.h - what is with a node when its slots, or the node itself, are no longer sure.
 *
 * Nothing that is sent later may overtake what is in flight: all of it gets a gate, and is then
 * waited for, taken back or given up.
 *
 *      slot moves away        gates; answers, refusals and losses come by themselves
 *      breaker opens          gates; what is in flight waits for its answer
 *      connection breaks      gates; reads go on, but for those with a write of their client behind
 *      slot leaves a silent   its successor serves already: writes are told at once that nobody
 *      node                   knows their outcome, reads go to the successor
 *
 * Part of the dispatcher; worker's thread only.
 */
#ifndef PROXY_ROUTING_UNSETTLE_H
#define PROXY_ROUTING_UNSETTLE_H

#include "proxy/routing/dispatcher.h"

/* Gates what is with `pool` for `slot`, and perhaps for other slots: many at once cost one walk. */
void unsettle_slot(struct dispatcher *dispatcher, struct pool *pool, uint16_t slot);

/* The breaker of `pool` has opened. */
void unsettle_silent(struct dispatcher *dispatcher, struct pool *pool);

/* These were in flight on a connection that broke, of whose stream `sent` bytes had left. Which
 * reads among them may be repeated is settled before the first is given back. */
void unsettle_broken(struct dispatcher *dispatcher, struct list *requests, uint64_t sent);

/* May `request`, a read whose answer was lost, or will not come, be sent again? Not where it could
 * see a write of its own client that was sent after it. */
bool unsettle_may_repeat(const struct request *request);

/* `changed` (SLOT_COUNT bits) have another owner than before: whatever is with `pool` for them is
 * gated, taken back where it has not left, and not waited for where the breaker is open, or where
 * it is a step of a transaction. */
void unsettle_changed(struct dispatcher *dispatcher, struct pool *pool, const uint64_t *changed);

#endif
