/* dialect.h - how a connection to a node is spoken on: its protocol, and whether the node keeps
 * track of what is read there.
 *
 *      pool ── RESP2, RESP3 ───── clients that do not cache
 *        ├──── RESP3, tracked ─── those that cache what they read: when one of these keys is
 *        │       ^                changed, the node pushes an invalidation on the same connection
 *        │       └── pushes ──┐
 *        ├──── RESP2, tracked ┘   those that have their invalidations sent to somebody else
 *        └──── RESP3, broadcast   no requests: the node pushes every key that is changed
 *
 * A node remembers each key that is read on a tracked connection, so only those who cache use one.
 */
#ifndef PROXY_UPSTREAM_DIALECT_H
#define PROXY_UPSTREAM_DIALECT_H

#include "common/base.h"

enum dialect {
    DIALECT_RESP2,
    DIALECT_RESP3,
    DIALECT_RESP2_TRACKED,
    DIALECT_RESP3_TRACKED,
    DIALECT_RESP3_BROADCAST,
    DIALECTS,
};

/* A lane's number (gate.h), modulo this, is its dialect; the rest spreads the lanes over the
 * connections. A power of two, since each request asks. */
enum { LANE_DIALECTS = 8 };

/* 2 or 3. */
static inline int dialect_protocol(enum dialect dialect)
{
    return dialect == DIALECT_RESP2 || dialect == DIALECT_RESP2_TRACKED ? 2 : 3;
}

/* Does the node tell of changes because of it, here or elsewhere? */
static inline bool dialect_is_tracked(enum dialect dialect)
{
    return dialect >= DIALECT_RESP2_TRACKED;
}

/* May the node push something there? */
static inline bool dialect_has_pushes(enum dialect dialect)
{
    return dialect >= DIALECT_RESP3_TRACKED;
}

/* The same protocol, not tracked. */
static inline enum dialect dialect_plain(enum dialect dialect)
{
    return dialect_protocol(dialect) == 2 ? DIALECT_RESP2 : DIALECT_RESP3;
}

/* The same protocol, tracked. */
static inline enum dialect dialect_tracked(enum dialect dialect)
{
    return dialect_protocol(dialect) == 2 ? DIALECT_RESP2_TRACKED : DIALECT_RESP3_TRACKED;
}

#endif
