/* audit.h - lines in the log with kind=audit: who gave an order that changes more than keys, and to
 * whom something was denied.
 *
 *      order of a client     kind=audit pool=main client=7 user=default address=… command=flushall
 * … denied to a client    kind=audit … command=auth reason=wrongpass
 *
 * Of arguments only those are shown that name what is meant, never a secret. As all lines they are
 * let through so many times a second, and the next one says how many were not. Worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_AUDIT_H
#define PROXY_DOWNSTREAM_AUDIT_H

#include "proxy/downstream/client.h"

/* `command`, with its arguments in hand, is about to be executed. */
void audit_order(const struct client *client, const struct command *command);

/* It was refused with that error. Nothing for most errors. */
void audit_refusal(const struct client *client, const struct command *command,
                   enum error_symbol symbol);

/* The configuration denies it. */
void audit_denial(const struct client *client, const struct command *command);

#endif
