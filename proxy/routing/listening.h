/* listening.h - connections on which nodes tell of changes, beside those that requests need.
 *
 *      primary ── broadcast ──> every key that is changed, while anybody wants to know
 *
 * And care for those that are idle: that the way to a node is gone, nobody would notice there. Part
 * of the dispatcher; worker's thread only.
 */
#ifndef PROXY_ROUTING_LISTENING_H
#define PROXY_ROUTING_LISTENING_H

#include "proxy/routing/dispatcher.h"

/* Connects to each primary that is not listened to; to be said again and again, as there may be
 * others, and connections are lost. */
void listening_begin(struct dispatcher *dispatcher);
void listening_end(struct dispatcher *dispatcher);

/* Does each primary tell of changes? */
bool listening_is_complete(const struct dispatcher *dispatcher);

/* Asks nodes that track or broadcast and have said nothing for long whether they are there. */
void listening_ping(struct dispatcher *dispatcher);

#endif
