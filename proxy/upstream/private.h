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

/* Has the pool as many busy ones as it may? */
bool private_is_full(const struct pool *pool);

/* One that is resting, or a new one, for requests in RESP2 or RESP3. It is busy from here on. */
struct upstream *private_take(struct pool *pool, int protocol) MUST_USE;

/* It stays its holder's between requests, who knows it by *holder; NULL when it has closed. */
void private_hold(struct upstream *upstream, struct upstream **holder);

/* The holder is done with it, and it is as good as new: it rests when nothing is in flight. */
void private_let_go(struct upstream **holder);

/* The holder is done with it, and what the node remembers of it is nobody else's: it is closed. Not
 * from inside a callback of this connection. */
void private_drop(struct upstream **holder);

/* For upstreams: all that came has been looked at; it rests if it can. And: it has closed. */
void private_rest(struct upstream *upstream);
void private_on_close(struct upstream *upstream);

/* Closes what has rested for long and frees what is closed. Returns whether any are left. */
bool private_tend(struct pool *pool);

/* Closes and frees all. */
void private_clear(struct pool *pool);

/* Has none of them anything in flight? */
bool private_is_idle(const struct pool *pool);

#endif
