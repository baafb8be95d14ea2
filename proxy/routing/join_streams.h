/* join_streams.h - the answers of an XREAD or XREADGROUP that was split by slot become one.
 *
 *      part 0 (a, c): [[c …]]      part 1 (b): [[b …]]      joined: [[b …] [c …]]
 *
 * A node leaves out streams that have nothing new, so who is there is told by name. Streams stand
 * in the order of the request; RESP2 has an array of pairs, RESP3 a map. Worker's thread.
 */
#ifndef PROXY_ROUTING_JOIN_STREAMS_H
#define PROXY_ROUTING_JOIN_STREAMS_H

#include "proxy/routing/fanout.h"

/* Appends the one reply; no part may be an error. Returns false when the parts do not fit; nothing
 * is written then. */
bool join_streams(const struct fanout *fanout, struct sendq *to) MUST_USE;

#endif
