/* carrier_said.h - what a node says on a feed, and what its carrier does about it.
 *
 *      *3 message a ...        to whoever wants a
 *      *3 subscribe a :1       a stands
 *      *3 unsubscribe a :0     it has ended; if nobody asked for that, its slot has moved
 *      -MOVED ...              to the oldest ask, as every error
 *      *2 pong ...             the node lives
 */
#ifndef PROXY_PUBSUB_CARRIER_SAID_H
#define PROXY_PUBSUB_CARRIER_SAID_H

#include "proxy/pubsub/carrier.h"

/* One whole reply. */
void carrier_on_said(struct feed *feed, struct span reply);

#endif
