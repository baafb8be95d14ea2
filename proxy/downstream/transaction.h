/* transaction.h - MULTI is not served yet, and what stands behind it must not run piece by piece.
 *
 *      MULTI: refused ──> each command: refused, not executed ──> EXEC: EXECABORT
 *                                                                 DISCARD, RESET: as in Redis
 *
 * As a server does after an error among queued commands. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_TRANSACTION_H
#define PROXY_DOWNSTREAM_TRANSACTION_H

#include "proxy/downstream/client.h"

/* MULTI was refused: what follows is part of a transaction that never began. */
void transaction_note_refusal(struct client *client, const struct command *command);

/* Has that happened, and is `command`, the request in hand, a part of it or its end? Then it has
 * been answered. */
bool transaction_answer(struct client *client, const struct command *command);

#endif
