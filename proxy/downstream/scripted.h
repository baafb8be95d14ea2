/* scripted.h - what EVAL and EVALSHA of clients tell of scripts. Worker's thread only. */
#ifndef PROXY_DOWNSTREAM_SCRIPTED_H
#define PROXY_DOWNSTREAM_SCRIPTED_H

#include "proxy/downstream/client.h"
#include "proxy/routing/router.h"

/* `request`, the one in hand, which has just begun, runs a script: remembers its body, or finds the
 * one that it names. */
void scripted_begin(struct client *client, struct request *request, const struct route *route);

#endif
