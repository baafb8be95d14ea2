/* halting.h - PROXY PAUSE and its like, from whoever gives the order to all workers of a pool.
 *
 *      halts_begin ─> halting_tell ─> each worker: obey_look, pause_refresh
 *                          └─ halting_await ─> nothing is in flight any more, or time is over ─>
 * reply
 */
#ifndef PROXY_DOWNSTREAM_HALTING_H
#define PROXY_DOWNSTREAM_HALTING_H

#include "proxy/downstream/local_call.h"
#include "proxy/routing/halts.h"

/* Any thread: all workers look at the house's board. */
void halting_tell(struct house *house);

/* Worker's thread. The call is answered when the halt `number` holds, which may be when nothing is
 * in flight any more, or at `latest`. */
void halting_await(const struct local_call *call, uint64_t number, uint64_t latest);

/* What is known of a halt, as a map of RESP. */
void halting_write(struct house *house, const struct halt *halt, struct sendq *to);

/* Ends waiting of which the clients are gone already. */
void halting_clear(struct clients *clients);

#endif
