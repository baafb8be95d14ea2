/* companion.h - a dispatcher beside another one, for clients whose requests go to the nodes as a
 * user of their own.
 *
 *      chief, as slotway's own user ──> topologies, halts
 *        ├── companion, as alice ──> slot table, pools, upstreams: all its own
 *        └── companion, as bob   ──> likewise
 *
 * So nothing that is sent for one user is ever on another one's connection, and what a node thinks
 * of one, or how busy it is with him, is of no concern to the others. What is asked of discovery
 * and told by it, and what an operator halts, goes through the chief, and what waits, whoever sent
 * it, is bounded there as one. Worker's thread only.
 */
#ifndef PROXY_ROUTING_COMPANION_H
#define PROXY_ROUTING_COMPANION_H

#include "proxy/routing/dispatcher.h"

/* One over connections that have these credentials, which are borrowed. It must be freed, by
 * dispatcher_free, before its chief. */
struct dispatcher *companion_new(struct dispatcher *chief,
                                 const struct credentials *credentials) MUST_USE;

/* All of them adopt it; takes no reference. */
void companions_take_over(struct dispatcher *chief, struct topology *topology);

/* Is there any gate, with the chief or its companions? */
bool companions_have_gates(const struct dispatcher *chief);

#endif
