/* carrier.h - the topics that belong to one worker, and the nodes where they are subscribed to.
 *
 *      letters ──> supplies: a ── tap ── feed to node 1     feed says: message ──> parcels, one for
 *                            b ── tap ──┘                   each worker that wants the topic,
 *                            c ── tap ── feed to node 2     posted at the end of the turn
 *                               └ tap ── feed to node 1
 *
 * A shard's channel can be heard at the owner of its slot and nowhere else. All that the cluster's
 * bus brings is heard at one node, so that messages on several channels keep their order: at home,
 * which is where slotway publishes; at another primary while that cannot be reached, and then there
 * until that is lost, though it become a replica. What each node tells by itself is subscribed to
 * at every primary (topic.h). Whatever is lost is subscribed to anew, at growing distances, without
 * a word to clients: a gap, which the log and a metric tell. Worker's thread only.
 *
 *      tapping.h   one subscription at one node      spread.h         all of a topic
 *      feed.h      the connection                    carrier_said.h   what comes on it
 */
#ifndef PROXY_PUBSUB_CARRIER_H
#define PROXY_PUBSUB_CARRIER_H

#include "proxy/pubsub/parcel.h"
#include "proxy/pubsub/supply.h"

/* How long what a node has said gets round the others, over the cluster's bus. */
enum { CARRIER_BUS_US = 100 * US_PER_MS };

struct carrier {
    struct exchange *exchange;
    struct discovery *discovery;
    size_t worker;
    struct feed_site site;
    struct topology *topology; /* NULL before the first */
    struct table supplies;
    struct list wide;    /* supplies that are to be at every primary */
    struct list wanting; /* taps that have no node */
    struct list feeds;
    char bus_node[NODE_ID_SIZE + 1]; /* where what the bus brings went last; "": nowhere yet */
    uint32_t lost_count;             /* of the taps that do not stand, how many stood before */
    bool is_held;                    /* feeds are not read from: too much is in transit */
    struct turn_task post;           /* sends the parcels */
    struct reactor_timer tick;       /* runs while there is anything to look after */
    struct parcel *parcels[];        /* by worker; NULL: nothing for it in this turn */
};

struct carrier *carrier_new(struct exchange *exchange, const struct exchange_site *site) MUST_USE;
void carrier_free(struct carrier **carrier);

/* A newer picture; takes the reference. */
void carrier_adopt(struct carrier *carrier, struct topology *topology);

/* Nobody subscribes to anything any more: knows no picture, as before the first, and closes what is
 * not needed to end what there was. */
void carrier_rest(struct carrier *carrier);

/* A hub's letter; takes it. */
void carrier_take(struct carrier *carrier, struct letter *letter);

/* Of its loop. */
uint64_t carrier_now(const struct carrier *carrier);

/* There is something to look after. */
void carrier_look_soon(struct carrier *carrier);

/* Tells discovery that the picture may be old. */
void carrier_hint(const struct carrier *carrier, enum discovery_hint hint);

/* The supply of a topic, or NULL. */
struct supply *carrier_find(const struct carrier *carrier, const struct topic *topic);

/* A supply that nobody wants and that has no taps: frees it. */
void carrier_forget(struct carrier *carrier, struct supply *supply);

/* Posts the parcels now: what came before is not for whoever joins now. */
void carrier_post_all(struct carrier *carrier);

/* A message on the topic of `supply`: into the parcels of those who want it. */
void carrier_pass_on(struct carrier *carrier, struct supply *supply, const struct topic *topic,
                     struct span push);

#endif
