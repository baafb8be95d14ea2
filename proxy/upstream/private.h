/* private.h - connections to a node that one client has for itself: while it blocks, watches,
 * waits.
 *
 *      private_take ──> busy ── answered, nobody holds it ──> resting ──> closed after a while
 *                         │  └─ held: private_hold ── let go ──^  │
 *                         └─ closed by whom ever ──> spent <──────┘ freed by private_tend
 *
 * A request that may block, or whose effect must not be shared, goes on such a connection; what is
 * resting is used again. Owned by their pool, which bounds their number. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_PRIVATE_H
#define PROXY_UPSTREAM_PRIVATE_H

#include "proxy/upstream/pool.h"

void private_init(struct privates *privates);

/* Are as many busy as may be, of all pools that the worker has for the node? */
bool private_is_full(const struct pool *pool);

/* Is one resting that is for requests in `dialect`? */
bool private_is_resting(const struct pool *pool, enum dialect dialect);

/* One that is resting, or a new one, for requests in `dialect`, which is not tracked. It is busy
 * from here on. */
struct upstream *private_take(struct pool *pool, enum dialect dialect) MUST_USE;

/* A new one, whatever is resting. */
struct upstream *private_make(struct pool *pool, enum dialect dialect) MUST_USE;

/* It stays its holder's between requests, who knows it by *holder; NULL when it has closed. */
void private_hold(struct upstream *upstream, struct upstream **holder);

/* The holder is done with it, and it is as good as new: it rests when nothing is in flight. */
void private_let_go(struct upstream **holder);

/* The holder is done with it, and what the node remembers of it is nobody else's: it is closed. Not
 * from inside a callback of this connection. */
void private_drop(struct upstream **holder);

/* Asks the node by what number it knows the connection, unless that was done: for private_wake. */
void private_introduce(struct upstream *upstream);

enum private_wake { WAKE_AS_TIMEOUT, WAKE_WITH_ERROR };

/* Has the node wake who blocks on the connection, by CLIENT UNBLOCK over the shared one that lanes
 * with this number use: it then answers there, if it has not just done so. Nothing that is sent on
 * the shared one later finds it blocked. A node that has not been sent the request yet does
 * nothing. Returns false when the node cannot be asked. */
bool private_wake(struct upstream *upstream, enum private_wake how, uint64_t lane_number);

/* Is the node still to say by what number it knows the connection? Then it can be asked soon. */
bool private_is_introducing(const struct upstream *upstream);

/* Now and then: asks the node again to wake who is to be woken, which may not have been blocked yet
 * when it was asked, or could not be named. Who cannot be woken at all is told that nothing more
 * will come. May close it: not from inside a callback of this connection. */
void private_insist(struct upstream *upstream);

/* Are so many busy that the rest is kept for those who cannot do without? */
bool private_is_scarce(const struct pool *pool);

/* For upstreams: the answer to `request` has come. */
void private_hear(struct upstream *upstream, const struct request *request, struct span reply);

/* For upstreams: all that came has been looked at; it rests if it can. And: it has closed, and was
 * ready before or not. */
void private_rest(struct upstream *upstream);
void private_on_close(struct upstream *upstream, enum close_reason reason, bool was_ready);

/* For upstreams: its ->state is about to become `next`. */
void private_note_state(const struct upstream *upstream, enum upstream_state next);

/* Are any busy or resting? */
static inline bool private_is_any(const struct pool *pool)
{
    return pool->privates.count[PRIVATE_BUSY] + pool->privates.count[PRIVATE_RESTING] > 0;
}

/* Closes what has rested for long and frees what is closed. Returns whether any are left. */
bool private_tend(struct pool *pool);

/* Closes and frees all. */
void private_clear(struct pool *pool);

/* Has none of them anything in flight? */
bool private_is_idle(const struct pool *pool);

#endif
