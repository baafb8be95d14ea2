/* keyspace.h - channels of keyspace notifications, which a node tells only to its own subscribers.
 *
 *      __keyspace@0__:KEY  what happened to KEY        told by the primary of KEY's slot
 *      __keyevent@0__:del  to which key that happened  told by each primary, of its own keys
 *
 * All other channels' messages are passed on by the cluster's bus from node to node. Pure.
 */
#ifndef PROXY_PUBSUB_KEYSPACE_H
#define PROXY_PUBSUB_KEYSPACE_H

#include "common/span.h"

enum keyspace_kind { KEYSPACE_NONE, KEYSPACE_KEY, KEYSPACE_EVENT };

/* Which of these `channel` is. `rest`: what stands behind the first ':', the key or the event. */
enum keyspace_kind keyspace_of(struct span channel, struct span *rest);

/* May `pattern` match any of them? Perhaps though it does not, never not though it does. */
bool keyspace_may_match(struct span pattern);

#endif
