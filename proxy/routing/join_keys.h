/* join_keys.h - joins lists of keys (KEYS): each key once.
 *
 *      node 0: a b k1     node 1: k1 k2 c      k1 went from node 0 to node 1 between their answers
 *
 * A key on its way between two nodes may be on the lists of both. Only slots that another node than
 * their owner has keys of are looked at closely; where there are none, nothing is copied. Worker's
 * thread.
 */
#ifndef PROXY_ROUTING_JOIN_KEYS_H
#define PROXY_ROUTING_JOIN_KEYS_H

#include "proxy/routing/fanout.h"

/* Writes the list. Returns false, having written nothing, when there is nothing to be looked at or
 * a part is no list of keys. */
bool join_keys(const struct fanout *fanout, struct sendq *to) MUST_USE;

#endif
