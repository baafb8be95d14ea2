/* join_slots.h - joins what nodes say of their slots (CLUSTER SLOT-STATS): one list, in order.
 *
 *      SLOTSRANGE 0 9                     by slot
 *      ORDERBY key-count LIMIT 5 DESC     by the number of that name, equal ones by slot; so many
 *
 * Each node has its own slots in that order, and no more than are wanted. A slot that has moved
 * between two answers may be in both: its owner's counts. Worker's thread.
 */
#ifndef PROXY_ROUTING_JOIN_SLOTS_H
#define PROXY_ROUTING_JOIN_SLOTS_H

#include "proxy/routing/fanout.h"

/* Writes the list, no part of which is an error. Returns false, having written nothing, when a part
 * is not what it should be. */
bool join_slots(const struct fanout *fanout, struct sendq *to) MUST_USE;

#endif
