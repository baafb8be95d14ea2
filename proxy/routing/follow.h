/* follow.h - a node refused a request: where it goes next, and what that says of its slot.
 *
 *      MOVED         patch the slot, resend there, make discovery ask early
 *      ASK           resend there once behind ASKING; the map stays; the slot is marked as moving
 *      TRYAGAIN      resend after a pause; the slot is marked as moving
 *      CLUSTERDOWN, LOADING, MASTERDOWN, READONLY   resend after a pause, make discovery ask early
 *
 * Whatever changes what is known of a slot first gates its requests in flight, so that none sent
 * later overtakes them. Part of the dispatcher; worker's thread only.
 */
#ifndef PROXY_ROUTING_FOLLOW_H
#define PROXY_ROUTING_FOLLOW_H

#include "proxy/routing/dispatcher.h"
#include "proxy/routing/redirect.h"

/* Is `reply`, read as `redirect`, a refusal of `request`, and not an answer for the client? */
bool follow_concerns(const struct request *request, const struct redirect *redirect,
                     struct span reply);

/* `pool` refused a request that goes nowhere else: makes known what that says of the cluster. */
void follow_note(struct pool *pool, const struct redirect *redirect);

/* Holds `request`, which `pool` refused, until it may be sent again. */
void follow_refusal(struct pool *pool, struct request *request, const struct redirect *redirect);

#endif
