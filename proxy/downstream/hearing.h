/* hearing.h - whether clients with subscriptions may still have them, where the nodes know the
 * users.
 *
 *      look, each second ─> time for a review ─> ACL DRYRUN alice SUBSCRIBE news …   as slotway's
 *                                                ACL DRYRUN alice PSUBSCRIBE …       own user
 *                                                   └─ no: the client is disconnected
 *
 * Messages come to slotway once for all who hear them, so no node notices that one of them may not
 * any more. A server, too, disconnects a client then. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_HEARING_H
#define PROXY_DOWNSTREAM_HEARING_H

#include "proxy/downstream/client.h"

/* When the client with that number is first reviewed, who is new now: not all in the same turn. */
uint64_t hearing_first(uint64_t number, uint64_t now) MUST_USE;

/* Time goes by. */
void hearing_look(struct client *client);

/* The client is somebody else from here on: what a node still says of the one it was does not
 * concern it. */
void hearing_forget(struct client *client);

/* The client goes. */
void hearing_drop(struct client *client);

#endif
