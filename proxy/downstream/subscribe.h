/* subscribe.h - SUBSCRIBE and its kin, for one client.
 *
 *      SUBSCRIBE a b ──> errand: a stands already, b waits for a node ──> acks for a, then for b
 *
 * A channel is acknowledged when whatever is published from then on comes; so is its end, when
 * nobody counts the client any more. Messages come between an acknowledgement and the next, never
 * outside. Served alone (alone.h), so a client has one errand at most. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_SUBSCRIBE_H
#define PROXY_DOWNSTREAM_SUBSCRIBE_H

#include "proxy/downstream/client.h"

/* The client goes: its errand and all its subscriptions end. */
void subscribe_drop(struct client *client);

/* Is it in the mode in which little but subscriptions is allowed? */
bool subscribe_is_restricted(const struct client *client);

/* True: `command` is not allowed to a client that has subscriptions, and has been refused. */
bool subscribe_forbids(struct client *client, const struct command *command);

#endif
