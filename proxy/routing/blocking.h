/* blocking.h - requests that may block: how much time they have, with a node and between nodes.
 *
 *      waits for a node          with it                       between two nodes
 *      timeouts.request ──────>  its own timeout, and ──────>  timeouts.request, anew if the node
 *                                timeouts.request              had taken it in
 *
 * Its own timeout runs from its arrival. Whenever it is sent again, what it asks for is what is
 * left of that; nothing left is the answer of a timeout. Part of the dispatcher; worker's thread
 * only.
 */
#ifndef PROXY_ROUTING_BLOCKING_H
#define PROXY_ROUTING_BLOCKING_H

#include "proxy/command/timeout.h"
#include "proxy/routing/dispatcher.h"

static inline bool blocking_concerns(const struct request *request)
{
    return request->special != NULL && request->special->may_block;
}

/* `request`, which is new and whose arrival and deadline are set, goes on a connection of its own,
 * and may stay there for as long as `timeout` says; good unless `found` is TIMEOUT_BAD. */
void blocking_begin(struct request *request, enum timeout_result found,
                    const struct timeout *timeout);

/* It is about to be sent: sets its deadline, and its timeout to what is left. Returns false when it
 * had been with a node and nothing is left; it has been answered then. */
bool blocking_send(struct dispatcher *dispatcher, struct request *request) MUST_USE;

/* It is about to wait. */
void blocking_hold(struct dispatcher *dispatcher, struct request *request);

/* Its connection has ended. Returns true when it was meant to: it has been answered. */
bool blocking_end(struct dispatcher *dispatcher, struct request *request) MUST_USE;

/* Its node may have served it, and its answer is lost: is it to be sent again? Only if the
 * configuration says so, and then it is in doubt. */
bool blocking_repeats(const struct dispatcher *dispatcher, struct request *request);

/* Wakes it: it is answered with `reply`, a constant, or with what its node had for it just then. It
 * may be SPLIT, and may be settled when this returns. */
void blocking_wake(struct dispatcher *dispatcher, struct request *request, const char *reply);

/* Its client has gone, and the private connection that it is on is about to be closed: what is
 * pushed over the shared one from now on must not be popped for nobody. */
void blocking_leave(struct request *request);

/* The answer of a timeout to `request`. */
const char *blocking_nothing(const struct request *request);

#endif
