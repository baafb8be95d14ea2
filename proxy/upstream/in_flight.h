/* in_flight.h - what a connection owes answers for, oldest first, and whose answer the next one is.
 *
 * No I/O: requests are appended to the connection's output, answers come from its scan. For
 * upstream.c, whose connection it is. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_IN_FLIGHT_H
#define PROXY_UPSTREAM_IN_FLIGHT_H

#include "proxy/upstream/upstream.h"

/* Behind all that is in flight, behind ASKING if need be. */
void in_flight_add(struct upstream *upstream, struct request *request);

/* Gives `reply` to whom it belongs. Returns false when nobody can have asked for it. */
bool in_flight_answer(struct upstream *upstream, struct span reply) MUST_USE;

/* Gives `requests`, `sent` bytes of whose stream have left, back through the pool's events. */
void in_flight_give_back(struct pool *pool, struct list *requests, uint64_t sent);

#endif
