/* dialect.h - how a connection to a node is spoken on: its protocol, and whether the node keeps
 * track of what is read there.
 *
 *      pool ── RESP2 ──────────── clients that speak RESP2
 *        ├──── RESP3 ──────────── clients that speak RESP3
 *        └──── RESP3, tracked ─── those that cache what they read: when one of these keys is
 *                                 changed, the node pushes an invalidation on the same connection
 *
 * A node remembers each key that is read on a tracked connection, so only those who cache use one.
 */
#ifndef PROXY_UPSTREAM_DIALECT_H
#define PROXY_UPSTREAM_DIALECT_H

#include "common/base.h"

enum dialect { DIALECT_RESP2, DIALECT_RESP3, DIALECT_RESP3_TRACKED, DIALECTS };

/* 2 or 3. */
static inline int dialect_protocol(enum dialect dialect)
{
    return dialect == DIALECT_RESP2 ? 2 : 3;
}

static inline bool dialect_is_tracked(enum dialect dialect)
{
    return dialect == DIALECT_RESP3_TRACKED;
}

/* The same protocol, not tracked. */
static inline enum dialect dialect_plain(enum dialect dialect)
{
    return dialect_protocol(dialect) == 2 ? DIALECT_RESP2 : DIALECT_RESP3;
}

#endif
