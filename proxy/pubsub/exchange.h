/* exchange.h - subscriptions of all clients of a pool, over one upstream subscription per topic.
 *
 *      worker 0                     worker 1                     worker 2
 *      hub: a ─> clients 3, 7       hub: a ─> client 5           hub: b ─> client 9
 *        │   letters: JOIN a ──────────┼──────────────┐             │
 *        │   <────────── parcels of messages ──── carrier: a ─> feed ─> node
 *
 * Each topic belongs to the carrier of one worker: that is the only one of the process that
 * subscribes to it at a node; it posts every message once to each worker that has clients for it.
 * So the messages of a topic take one way, and keep their order. Channels and patterns, but for
 * shards' channels, take one way all together, from the owner of the bus slot, where this process
 * publishes as well: what a client publishes on several channels arrives in that order, as from one
 * server. Every process has a bus slot of its own, so that a fleet spreads over the nodes. What
 * this consists of:
 *
 *      hub.h      clients of a worker by topic          carrier.h   topics of a worker, and feeds
 *      letter.h   JOIN and LEAVE, and the answers       feed.h      a connection that subscribes
 *      parcel.h   messages on their way to a worker     tally.h     how many subscribe to what
 */
#ifndef PROXY_PUBSUB_EXCHANGE_H
#define PROXY_PUBSUB_EXCHANGE_H

#include "common/intake.h"
#include "common/mailbox.h"
#include "config/config.h"
#include "proxy/cluster/discovery.h"
#include "proxy/metrics/metrics.h"
#include "proxy/pubsub/tally.h"

struct carrier;
struct hub;

/* What of it is in one worker. */
struct exchange_place {
    struct mailbox *mailbox;
    struct hub *hub;
    struct carrier *carrier;
    _Atomic size_t in_transit; /* bytes of parcels that its carrier has posted and nobody opened */
};

struct exchange {
    struct tally *tally;
    size_t worker_count;
    uint16_t bus_slot; /* home of what the cluster's bus brings to any node */
    struct exchange_place places[];
};

/* What a place borrows of its worker. */
struct exchange_site {
    size_t worker;
    struct mailbox *mailbox;
    struct reactor *reactor;
    struct intake *intake; /* where nodes' messages are read to */
    const struct pool_config *config;
    struct metrics *metrics;
    struct discovery *discovery; /* for hints; NULL in tests */
    struct node_door *door;      /* NULL: connections to nodes are plain */
};

/* `run_id` of the process decides on its bus slot. Control thread, before the workers run. */
struct exchange *exchange_new(size_t worker_count, const char *run_id) MUST_USE;

/* Makes the hub and the carrier of a worker, before any worker runs. */
void exchange_open(struct exchange *exchange, const struct exchange_site *site);

/* The worker's thread: a newer picture of the cluster; takes the reference. */
void exchange_adopt(struct exchange *exchange, size_t worker, struct topology *topology);

/* The worker's thread: there are no clients with any worker, and no picture is to come. */
void exchange_rest(struct exchange *exchange, size_t worker);

/* The worker's thread, when its clients are gone and its mailbox is closed. */
void exchange_close(struct exchange *exchange, size_t worker);

/* When all places are closed and no thread can post any more. NULL inside is fine. */
void exchange_free(struct exchange **exchange);

/* Whose carrier `topic` belongs to. */
static inline size_t exchange_owner(const struct exchange *exchange, const struct topic *topic)
{
    uint64_t by = topic->kind == TOPIC_SHARD ? topic->hash : exchange->bus_slot;

    return (size_t)(by % exchange->worker_count);
}

/* The slot whose owner is home of `topic`: where it is published, and subscribed to if possible. */
static inline uint16_t exchange_slot(const struct exchange *exchange, const struct topic *topic)
{
    return topic_reach(topic) == REACH_OWNER ? topic_slot(topic) : exchange->bus_slot;
}

#endif
