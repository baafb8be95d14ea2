/* join_memory.h - joins what nodes say of their memory: MEMORY STATS, DOCTOR and MALLOC-STATS.
 *
 * Numbers become those of all nodes together; what is text for people stands below the name of its
 * node. Worker's thread.
 */
#ifndef PROXY_ROUTING_JOIN_MEMORY_H
#define PROXY_ROUTING_JOIN_MEMORY_H

#include "proxy/routing/fanout.h"

/* Is it one of these? */
bool joins_memory(const struct command *command);

/* Writes the reply, no part of which is an error. Returns false, having written nothing, when a
 * part is not what it should be. */
bool join_memory(const struct fanout *fanout, struct sendq *to) MUST_USE;

#endif
