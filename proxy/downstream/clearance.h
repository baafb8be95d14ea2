/* clearance.h - a node is asked before a client gets what slotway itself would give it, where the
 * nodes know the users (clearance_need.h).
 *
 *      request in hand ─> needs it ─> later: it stays unread, nothing behind it is begun
 *                                       │   AUTH        over a connection that ends with it, or one
 *                                       │               that such a user has already
 *                                       │   PING        as the client's user, unless that has
 *                                       │               connections
 *                                       │   ACL DRYRUN  as slotway's own user
 *                                       v
 *                looked at again ─> passes, or is refused in the node's words
 *
 * So a client that sends AUTH and more in one go is served in order. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_CLEARANCE_H
#define PROXY_DOWNSTREAM_CLEARANCE_H

#include "proxy/downstream/client.h"

/* Where nodes know the users: has what must be asked about the request in hand been asked? False:
 * its time has not come, and it will be looked at again. */
bool clearance_is_known(struct client *client, const struct command *command) MUST_USE;

/* True: it came out that it may not be, and it has been refused. */
bool clearance_forbids(struct client *client, const struct command *command) MUST_USE;

/* Has a node just taken these credentials, that are in the request in hand? */
bool clearance_has_proof(const struct client *client, const struct span *name,
                         struct span password) MUST_USE;

/* Does it go to any node, although slotway has an answer of its own? */
bool clearance_sends(const struct client *client, const struct command *command) MUST_USE;

/* The lane of requests that slotway makes for the client as its own user; they are sent by the
 * dispatcher of the client's pool. */
struct lane *clearance_house_lane(struct client *client) MUST_USE;

/* Bytes of replies to those that wait to become one to the client. */
size_t clearance_gathered(const struct client *client) MUST_USE;

/* The request in hand has been served: what was asked is of no use to the next one. */
void clearance_end(struct client *client);

/* Some of those whose credentials are to be proven may have their turn. */
void clearance_on_next_proofs(struct reactor_timer *timer);

/* The client goes, and nobody wants an answer any more. */
void clearance_drop(struct client *client);

#endif
