/* inquiry.h - what nodes are asked about the request in hand of a client, where they know the
 * users, and what came of it. clearance.h says of which requests.
 *
 *      unasked ──> asked ──> granted, or refused in the node's words ──> unasked, by the next one
 *
 *      AUTH        over a connection that ends with it, or one that such a user has already
 *      PING        as the client's user, unless that has connections
 *      ACL DRYRUN  as slotway's own user, when it is known that the client's is let in
 *
 * While it is asked the request stays unread, and a place without a reply on the client's pipeline
 * keeps whatever is behind it from being begun. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_INQUIRY_H
#define PROXY_DOWNSTREAM_INQUIRY_H

#include "proxy/downstream/clearance_need.h"
#include "proxy/downstream/client.h"

/* Asks; `need` is that of the command in hand. True: it is over at once. False: it takes its time,
 * and the client's flush task runs then. */
bool inquiry_begin(struct client *client, const struct command *command,
                   enum clearance_need need) MUST_USE;

/* Has been asked about the request in hand, and answered? */
bool inquiry_is_over(const struct client *client) MUST_USE;

/* True: it may not be; `words`, which stand until inquiry_end(), are the text of `error`. */
bool inquiry_found_objection(const struct client *client, enum error_symbol *error,
                             const char **words) MUST_USE;

/* Has a node just taken these credentials, that are in the request in hand? */
bool inquiry_has_proof(const struct client *client, const struct span *name,
                       struct span password) MUST_USE;

/* The lane of requests that slotway makes for the client as its own user; they are sent by the
 * dispatcher of the client's pool. */
struct lane *inquiry_house_lane(struct client *client) MUST_USE;

/* Bytes of replies to those that wait to become one to the client. */
size_t inquiry_gathered(const struct client *client) MUST_USE;

/* The request in hand has been served: what was asked is of no use to the next one. */
void inquiry_end(struct client *client);

/* Of proofs.h, for those whose credentials are to be proven. */
void inquiry_on_turn(struct proof *turn);
void inquiry_on_late(struct proof *turn);

/* The client goes, and nobody wants an answer any more. */
void inquiry_drop(struct client *client);

#endif
