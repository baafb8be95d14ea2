/* drain.h - a worker's clients are let go, each when it notices least.
 *
 *      idle, nothing begun ──────────────> first, one after the other within `spread`
 *      between two requests ─────────────> then: its next reply and the end of the connection leave
 *                                          as one, so that it cannot send anything in between
 *      never between two requests ───────> after `patience`: what has been read is answered
 *      MULTI, WATCH, BLPOP, SUBSCRIBE ───> when that is over, or not by us
 *
 * Those whose turn has not come are served as before, and so are those that come late. Who is left
 * in the end is closed by whoever began all this. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_DRAIN_H
#define PROXY_DOWNSTREAM_DRAIN_H

#include "proxy/downstream/client.h"

/* In microseconds, from the beginning. */
struct drain_plan {
    uint64_t spread;
    uint64_t patience;
};

/* For clients_init, clients_clear. */
void drain_init(struct clients *clients);
void drain_clear(struct clients *clients);

/* Begins. Calls clients->drained when none is left, perhaps before this returns. */
void drain_begin(struct clients *clients, const struct drain_plan *plan);

/* Ends it: who is still there, stays. */
void drain_call_off(struct clients *clients);

/* The same for a client that goes, or where some do. */
void drain_look_closely(struct client *client);

/* Before the replies of this turn are written: when they are the last of a client that goes, or may
 * go now, they are to leave with the end of the connection. */
static inline void drain_look(struct client *client)
{
    if (unlikely(client->state >= CLIENT_DRAINING || client->clients->drain.is_on)) {
        drain_look_closely(client);
    }
}

#endif
