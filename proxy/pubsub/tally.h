/* tally.h - who is subscribed to what, counted over all workers of a pool.
 *
 *      topic ─> clients of this process, and the nodes where slotway itself is subscribed for them
 *
 * Each node that is asked how many subscribers there are counts slotway once for all its clients;
 * with this the answer is put right. Behind a lock of its own: any thread. It is not taken as long
 * as nobody subscribes to anything.
 */
#ifndef PROXY_PUBSUB_TALLY_H
#define PROXY_PUBSUB_TALLY_H

#include "proxy/cluster/topology.h"
#include "proxy/pubsub/topic.h"

struct tally;

struct tally *tally_new(void) MUST_USE;

/* Everybody must be gone. */
void tally_free(struct tally **tally);

/* One client more, or less, is subscribed to `topic`. */
void tally_enter(struct tally *tally, const struct topic *topic);
void tally_leave(struct tally *tally, const struct topic *topic);

/* slotway is subscribed to `topic` at the node with that id, once; or not any more. */
void tally_stand(struct tally *tally, const struct topic *topic, const char *node);
void tally_fall(struct tally *tally, const struct topic *topic, const char *node);

/* What this process knows of a topic or of several. */
struct tally_count {
    uint64_t clients;  /* subscriptions of clients */
    uint64_t upstream; /* slotway's own, of which nodes know: one for each of these */
};

/* Of one topic. */
struct tally_count tally_of(struct tally *tally, const struct topic *topic);

/* Of all topics by which a message on `channel`, a CHANNEL or a SHARD, is received; slotway's own
 * at the node `node` only. */
struct tally_count tally_receivers(struct tally *tally, const struct topic *channel,
                                   const char *node);

/* How many topics of a kind have clients, and how many subscriptions slotway has to any. */
struct tally_count tally_topics(struct tally *tally, enum topic_kind kind);

/* Calls `each` for every topic of the kind that has clients; the lock is held meanwhile. */
typedef void tally_each(void *context, struct span name);
void tally_list(struct tally *tally, enum topic_kind kind, tally_each *each, void *context);

/* Is nobody subscribed to anything? May be a moment old. */
bool tally_is_empty(const struct tally *tally);

#endif
