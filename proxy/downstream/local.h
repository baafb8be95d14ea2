/* local.h - commands that slotway answers itself.
 *
 * One handler per command in the table of local.c, found by command id. Handlers compose the
 * reply of the request in hand with client_reply_begin/end, or put a request on the pipeline that
 * is settled later where other workers or nodes must be asked. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_LOCAL_H
#define PROXY_DOWNSTREAM_LOCAL_H

#include "proxy/downstream/client.h"

/* Answers `command`, for which there is a handler. `bytes` in `block` is the
 * request as it would go to a node. */
void local_answer(struct client *client, const struct command *command,
                  const struct arguments *arguments, struct block *block, struct span bytes);

/* Does its handler only look at what goes to the nodes and comes back? */
bool local_sends(const struct command *command);

/* Is there a handler for it? Every command of class LOCAL has one; a test walks the table. */
bool local_has(const struct command *command);

#endif
