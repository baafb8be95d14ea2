/* clearance.h - a node is asked before a client gets what slotway itself would give it, where the
 * nodes know the users (clearance_need.h).
 *
 *      request in hand ─> needs it ─> later: inquiry.h asks; the request stays unread, and nothing
 *                                       │      behind it is begun
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

/* Does it go to any node, although slotway has an answer of its own? */
bool clearance_sends(const struct client *client, const struct command *command) MUST_USE;

#endif
