/* resolver.h - host names to endpoints, without waiting for a resolver that hangs.
 *
 *      resolver_find ──> numeric? done ──> known and fresh? done
 *                            │
 *                            └──> a thread of its own asks (one per name, a few in all);
 *                                 wait for it, until the patience is over or we shall stop
 *
 * The last good answer of a name is kept, and given out while a newer one is not to be had. A
 * lookup that hangs cannot be ended: its thread is left behind, and frees what it holds if it ever
 * returns. One thread, but for the lookups.
 */
#ifndef PROXY_CLUSTER_RESOLVER_H
#define PROXY_CLUSTER_RESOLVER_H

#include "common/address.h"

/* Asks and may block, in any thread: address_resolve is one. */
typedef enum address_result resolver_lookup(const struct address *address,
                                            struct endpoint *endpoint);

struct resolver;

/* `stop_fd` is watched, never read: once it is readable nothing waits any more. A name that is not
 * known yet is waited for `patience` microseconds, once. */
struct resolver *resolver_new(resolver_lookup *lookup, int stop_fd, uint64_t patience) MUST_USE;

/* Waits for no lookup. */
void resolver_free(struct resolver **resolver);

/* Begins to ask for `address` unless it is numeric, fresh, or asked for already; for those that
 * will be found next, so that they are asked for side by side. */
void resolver_prepare(struct resolver *resolver, const struct address *address);

/* True, and *endpoint filled, when `address` is known, if only from earlier. */
bool resolver_find(struct resolver *resolver, const struct address *address,
                   struct endpoint *endpoint) MUST_USE;

#endif
