/* route_queued.h - what may stand between MULTI and EXEC, and for which slot. Pure.
 *
 * All of a transaction is executed by one node, and by nobody else: what slotway would answer
 * itself, split or send to several has no place in it.
 */
#ifndef PROXY_ROUTING_ROUTE_QUEUED_H
#define PROXY_ROUTING_ROUTE_QUEUED_H

#include "proxy/routing/router.h"

/* ROUTE_SLOT; ROUTE_ANY for what has no keys, and goes with the rest; or ROUTE_REFUSE with
 * CROSS_SLOT, or with NOT_IN_MULTI and the detail of route_queued_refusal. */
struct route route_queued(const struct command *command, const struct arguments *arguments,
                          struct keys *keys);

/* Why it is refused, as route_refusal says it. */
const char *route_queued_refusal(const struct command *command, char *text, size_t size);

#endif
