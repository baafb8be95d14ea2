/* redirected.h - invalidations for another client than the one that caches (REDIRECT).
 *
 *      client 3, worker 0 ── client 9 is to be told ──> worker 1 ── client 9
 *
 * As a push in RESP3; in RESP2, while it has subscriptions, as a message on the channel
 * __redis__:invalidate. A client that has left is found out by the next invalidation.
 */
#ifndef PROXY_DOWNSTREAM_REDIRECTED_H
#define PROXY_DOWNSTREAM_REDIRECTED_H

#include "proxy/downstream/client.h"

/* Worker's thread of `clients`. Tells the client `id` that `keys` are stale, of `count` 0 that
 * everything is. Returns false when there is no such client. */
bool redirected_send(struct clients *clients, uint64_t id, const struct span *keys, size_t count);

/* Writes the push itself. */
void invalidation_write(struct sendq *to, const struct span *keys, size_t count);

#endif
