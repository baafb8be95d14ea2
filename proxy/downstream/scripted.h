/* scripted.h - what EVAL and EVALSHA of clients tell of scripts. Worker's thread only. */
#ifndef PROXY_DOWNSTREAM_SCRIPTED_H
#define PROXY_DOWNSTREAM_SCRIPTED_H

#include "proxy/downstream/client.h"
#include "proxy/routing/router.h"

/* `request`, the one in hand, which has just begun, runs a script: remembers its body, or finds the
 * one that it names. */
void scripted_begin(struct client *client, struct request *request, const struct route *route);

/* The same of `added`, the request in hand, which is to be queued for EXEC. Returns what is to be
 * queued in its place, or NULL. */
struct block *scripted_queue(struct client *client, const struct queued_command *added) MUST_USE;

#endif
