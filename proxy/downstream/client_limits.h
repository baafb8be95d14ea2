/* client_limits.h - how much one client may send, leave unanswered and leave unread.
 *
 *      held = request being read + transaction being queued + unanswered requests
 *             + replies that wait or are gathered + unread
 *
 *      clients.pipeline, clients.pending_bytes   reading pauses; for the second, replies that are
 *                                                still to come count as large as the last ones:
 *                                                a thousand small requests for large values would
 *                                                keep a node, and all who share it, busy for long
 *      clients.output_bytes                      disconnected
 *      clients.output_soft_bytes                 disconnected when over it for too long
 *      clients.pubsub_output_bytes and _soft_    the same of a client with subscriptions, or one
 *                                                that monitors
 *      memory.limit, for all together, and       from 80 % on, reading pauses early; beyond, the
 *      clients.memory_limit, for all of a pool   largest holders are disconnected
 *
 * Questions only: client.c and clients.c act on the answers. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_CLIENT_LIMITS_H
#define PROXY_DOWNSTREAM_CLIENT_LIMITS_H

#include "common/resp_scan.h"
#include "proxy/downstream/client.h"

/* Limits of the next request. */
struct scan_limits client_scan_limits(const struct client *client);

/* Has it so much unanswered or unread, in parts of `share`, that reading should wait? */
bool client_is_full(const struct client *client, uint64_t share);

/* It got a reply of `size` bytes: the next ones may be as large. */
void client_note_reply(struct client *client, size_t size);

/* Is its unfinished request so large, and memory so short, that the rest of it should wait? */
bool client_is_greedy(const struct client *client);

/* Bytes of replies of which not all parts are there. */
size_t client_gathered(const struct client *client);

/* Replies that it does not read, those that wait behind one which does not come, and those of which
 * not all parts are there. */
size_t client_replies(const struct client *client);

/* All it holds. */
size_t client_held(const struct client *client);

/* Are its replies more than the hard limit, or more than the soft one for too long? To be asked now
 * and then: it notes when the soft limit was passed. */
bool client_is_over_output(struct client *client);

/* What it is closed for then. */
enum close_reason client_output_reason(const struct client *client);

/* Has its unfinished request taken too long? Likewise. */
bool client_is_too_slow(struct client *client);

#endif
