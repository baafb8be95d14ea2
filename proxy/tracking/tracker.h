/* tracker.h - who of a worker's clients caches which keys, and hears when they change.
 *
 *      node ── answer to GET a ────> answered: client 3 has an interest in a ──> its answer
 *        ├──── > invalidate a ─────> pushed:   the interests in a are over ────> client 3 is told
 *        └──── is lost, or slots ──> forgot, moved: all that clients may have
 *              go elsewhere          read there ──> they are told that all is stale
 *
 * Answers and pushes come over one connection in the order of what happened at the node, and a
 * node tells once of each key that was read there; so an interest begins with the answer and ends
 * with the push. What nobody will tell of, a read from a node that has just lost the slot, say, is
 * stale from the beginning: its client is told right behind the answer. Too much is never wrong:
 * where it is not known who caches a key, more clients are told than need be.
 *
 * Only hashes of keys are kept, so memory is bounded by their number: a client beyond its share is
 * told of every key that changes. Owned by a worker's clients of one pool; worker's thread only.
 */
#ifndef PROXY_TRACKING_TRACKER_H
#define PROXY_TRACKING_TRACKER_H

#include "common/table.h"
#include "proxy/command/keys.h"
#include "proxy/routing/dispatcher.h"

struct tracker {
    struct dispatcher *dispatcher;
    struct metrics *metrics;
    struct list tracked; /* all that are on */
    struct table interests;
    struct arguments arguments; /* scratch */
    struct keys keys;           /* likewise */
};

/* One client that caches. */
struct tracked {
    struct tracker *tracker;
    struct list_link in_tracker;
    struct list interests;
    uint32_t interest_count;
    bool hears_all; /* of every key: it has read too many */
    bool is_noloop; /* not of what it changes itself */
    bool has_read;  /* something that it may cache, since it was told that all is stale */
    uint64_t slots[SLOT_COUNT / 64]; /* of what it has read */
    /* These keys are stale; of `count` 0: everything is. May not close the client. */
    void (*deliver)(struct tracked *tracked, const struct span *keys, size_t count);
    void *owner;
};

/* Tells `dispatcher` to tell it. Borrows both. */
struct tracker *tracker_new(struct dispatcher *dispatcher, struct metrics *metrics) MUST_USE;

/* None may be on. Takes the pointer. */
void tracker_free(struct tracker **tracker);

/* From now on the tracker is told of answers to its lane. */
struct tracked *tracked_new(struct tracker *tracker) MUST_USE;
void tracked_free(struct tracked **tracked);

/* Tells it that all is stale, if it has read anything. */
void tracked_flush(struct tracked *tracked);

#endif
