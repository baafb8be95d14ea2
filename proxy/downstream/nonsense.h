/* nonsense.h - what is read and is no request: an unknown command, a web browser, no RESP at all.
 *
 * Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_NONSENSE_H
#define PROXY_DOWNSTREAM_NONSENSE_H

#include "proxy/downstream/client.h"

/* The request in hand was not found; `command` is what is known of it, or NULL. */
void nonsense_unknown(struct client *client, enum command_result result,
                      const struct command *command);

/* Does what has been read of a client that has said nothing yet begin like a TLS handshake? */
bool nonsense_is_tls(const struct client *client);

/* It does, where no TLS is spoken. */
void nonsense_tls(struct client *client);

/* The scan of what the client sent has failed. */
void nonsense_protocol(struct client *client);

#endif
