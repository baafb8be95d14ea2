/* carrier.h - the topics that belong to one worker, and the nodes where they are subscribed to.
 *
 *      letters ──> supplies: a ── feed to node 1        feed says: message ──> parcels, one for
 * each b ──┘                                 worker that wants the topic, c ── feed to node 2
 * posted at the end of the turn
 *
 * A shard's channel can be heard at the owner of the slot that its name hashes to and nowhere else.
 * All that is no shard's is heard at one node, so that messages on several channels keep their
 * order: at home, which is where slotway publishes; at another primary while that cannot be
 * reached, and then there until that is lost. Whatever is lost is subscribed to anew, at growing
 * distances, without a word to clients: a gap, which the log and a metric tell.
 * Worker's thread only.
 */
#ifndef PROXY_PUBSUB_CARRIER_H
#define PROXY_PUBSUB_CARRIER_H

#include "proxy/pubsub/parcel.h"
#include "proxy/pubsub/supply.h"

struct carrier {
    struct exchange *exchange;
    struct discovery *discovery;
    size_t worker;
    struct feed_site site;
    struct topology *topology; /* NULL before the first */
    struct table supplies;
    struct list wanting; /* supplies that have no node */
    struct list feeds;
    char bus_node[NODE_ID_SIZE + 1]; /* where what is no shard's went last; "": nowhere yet */
    uint32_t standing;               /* supplies that are */
    uint32_t lost_count;             /* of the wanting ones, how many were standing before */
    bool is_held;                    /* feeds are not read from: too much is in transit */
    struct turn_task post;           /* sends the parcels */
    struct reactor_timer tick;       /* runs while there is anything to look after */
    struct parcel *parcels[];        /* by worker; NULL: nothing for it in this turn */
};

struct carrier *carrier_new(struct exchange *exchange, const struct exchange_site *site) MUST_USE;
void carrier_free(struct carrier **carrier);

/* A newer picture; takes the reference. */
void carrier_adopt(struct carrier *carrier, struct topology *topology);

/* A hub's letter; takes it. */
void carrier_take(struct carrier *carrier, struct letter *letter);

/* Looks for a node for a supply that wants one, when its time has come. */
void carrier_place(struct carrier *carrier, struct supply *supply);

/* `supply` has lost its node, or that has refused it: it waits for `pause` microseconds. */
void carrier_lose(struct carrier *carrier, struct supply *supply, uint64_t pause);

/* It stands: who waits for that is told. */
void carrier_stand(struct carrier *carrier, struct supply *supply);

/* Subscribes to it, or ends that, at its feed, which is ready. */
void carrier_begin(struct supply *supply);
void carrier_end(struct carrier *carrier, struct supply *supply);

/* It is subscribed to nowhere any more: freed, or placed again if anybody wants it. */
void carrier_ended(struct carrier *carrier, struct supply *supply);

/* The supply of a topic, or NULL. */
struct supply *carrier_find(const struct carrier *carrier, const struct topic *topic);

/* A message on the topic of `supply`: into the parcels of those who want it. */
void carrier_pass_on(struct carrier *carrier, struct supply *supply, const struct topic *topic,
                     struct span push);

#endif
