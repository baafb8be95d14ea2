/* transaction.h - MULTI, and what stands behind it until EXEC or DISCARD.
 *
 *      MULTI     +OK, by us
 *      GET a     +QUEUED, by us: checked as a server checks it, and kept (queued.h); or by a node,
 *                which is asked when the client waits for the answer (live.h)
 *      EXEC      all of it as one request on the shared connection of its slot; or, while the
 *                client watches, on the connection that watches (watching.h)
 *      DISCARD   +OK, by us
 *
 * So a node that refuses any of it has executed none: it is redirected, and waits, as a whole. A
 * refusal before EXEC spoils it, as with a server; so does what a node alone cannot do: keys of
 * several slots, commands for several nodes. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_TRANSACTION_H
#define PROXY_DOWNSTREAM_TRANSACTION_H

#include "proxy/downstream/client.h"

/* The same for a client that is between MULTI and EXEC. */
bool transaction_takes_queued(struct client *client, const struct command *command,
                              struct block *block, struct span bytes);

/* Is `command`, the request in hand, part of a transaction? Then it has been queued or refused. */
static inline bool transaction_takes(struct client *client, const struct command *command,
                                     struct block *block, struct span bytes)
{
    return unlikely(client->session.is_in_multi) &&
           transaction_takes_queued(client, command, block, bytes);
}

/* The request in hand was not found. Returns true when it is to be queued all the same, since a
 * server finds out at EXEC only; else it is to be refused, and spoils the transaction. */
bool transaction_bears(struct client *client, enum command_result result,
                       const struct command *command);

/* RESET, DISCARD: there is no transaction any more, and nothing is watched. */
void transaction_drop(struct client *client);

/* EXEC: sends the whole as `request`, which has been on its way and is with nobody. */
void transaction_send(struct client *client, struct request *request);

/* For EXEC: the `done` that says why a node refused a transaction. */
request_done transaction_on_done;

#endif
