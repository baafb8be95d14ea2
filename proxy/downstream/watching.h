/* watching.h - WATCH: a connection of the client's own, from WATCH to EXEC, DISCARD or UNWATCH.
 *
 *      WATCH a ──> private connection to a's node ── +OK ──> held: lane->own
 *      GET a   ──> shared connection, as ever
 *      MULTI … EXEC ──> the burst on lane->own
 *                        └─ closed, or refused there (the slot has moved): nil, never a run
 *
 * The node itself knows whether a watched key has changed; and whatever happens to the connection
 * ends in nil, as if one had. All watched keys, and those of the transaction, share a slot.
 * Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_WATCHING_H
#define PROXY_DOWNSTREAM_WATCHING_H

#include "proxy/downstream/client.h"

/* Sends `request`, a whole transaction of a client that watches, who then watches no more. */
void watching_execute(struct client *client, struct request *request);

/* Nothing is watched any more. */
void watching_end(struct client *client);

#endif
