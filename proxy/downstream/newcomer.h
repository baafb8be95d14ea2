/* newcomer.h - clients that have said nothing of who they are, where the nodes know the users.
 *
 *      comes, or RESET ──> stranger ── a connection made just now is let in ──> served
 *                             │
 *                             └── is not: NOAUTH, and whoever comes from here on shares nothing
 *                                 with those that were let in before
 *
 * A node judges them when a connection is made, and all of them share connections: so an old one
 * says nothing of what becomes of a new client. Of those that come within a second one is
 * asked about. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_NEWCOMER_H
#define PROXY_DOWNSTREAM_NEWCOMER_H

#include "proxy/downstream/client.h"

/* Must a node be asked before anything is done for it? Not inside of a callback of a dispatcher. */
bool newcomer_is_stranger(struct client *client) MUST_USE;

/* Must it be over a connection that is made for the question? */
bool newcomer_needs_fresh(const struct client *client) MUST_USE;

/* It was asked, and has answered. */
void newcomer_note(struct client *client, struct span reply);

#endif
