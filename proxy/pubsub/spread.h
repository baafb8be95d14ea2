/* spread.h - the taps of one topic: where they have to be, which of them is its home, and when the
 * topic stands.
 *
 *      news   one tap, its home, wherever placement says
 *      *      a tap for each primary; home is the one at the node where all is heard that the bus
 *             brings, and it stays that until it is lost
 *
 * A home that is lost has an heir after a moment, in which what the lost node has said gets round
 * the cluster's bus. The heir's node is asked for the subscription once more: what it said before
 * its answer may have been heard from the lost one, what comes behind has not. A home whose node is
 * no primary any more stays for the messages of the bus; events are not taken from it, as a replica
 * repeats those of its primary. Worker's thread only.
 */
#ifndef PROXY_PUBSUB_SPREAD_H
#define PROXY_PUBSUB_SPREAD_H

#include "proxy/pubsub/carrier.h"

/* Makes the taps that a supply is to have by the present picture, and ends the others. The supply
 * may be gone if nobody wants it. */
void spread_over(struct carrier *carrier, struct supply *supply);

/* Finds a home if it lacks one, and answers who waits for it to stand, if it does. */
void spread_look(struct carrier *carrier, struct supply *supply);

/* Is there anything to look for soon? */
bool spread_is_busy(const struct supply *supply);

/* Nobody wants it any more: ends all its taps. It may be gone then. */
void spread_end(struct carrier *carrier, struct supply *supply);

/* To be called when a tap has been ended: answers who waits for that, and frees the supply if
 * nothing is left. */
void spread_finish(struct carrier *carrier, struct supply *supply);

/* Its node has answered to a tap that stands already. */
void spread_hand_over(struct carrier *carrier, struct tap *tap);

/* `tap` is its supply's home or heir no more. */
void spread_let_go(struct carrier *carrier, struct tap *tap);

/* Is a message that comes by `tap` to be passed on? `channel`: what it was published to. */
bool spread_hears(const struct tap *tap, struct span channel);

#endif
