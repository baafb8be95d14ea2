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
 * Who caches by prefixes (BCAST) is told of all keys that begin so: while there are such clients,
 * each primary has a connection that tells of every key that changes. When one of these is made or
 * lost, all is stale for them.
 *
 * Only hashes of keys are kept, so memory is bounded by their number: a client beyond its share is
 * told of every key that changes. Owned by a worker's clients of one pool; worker's thread only.
 */
#ifndef PROXY_TRACKING_TRACKER_H
#define PROXY_TRACKING_TRACKER_H

#include "proxy/command/keys.h"
#include "proxy/routing/dispatcher.h"
#include "proxy/tracking/interests.h"

struct tracker {
    struct dispatcher *dispatcher;
    struct metrics *metrics;
    struct list tracked;    /* all that are on */
    struct list all_ears;   /* those of them that are told of every key that a client has read */
    struct list broadcasts; /* those that cache by prefixes */
    struct interests interests;
    struct reactor_timer tick;  /* runs while any is on */
    struct arguments arguments; /* scratch */
    struct keys keys;           /* likewise */
};

/* What a client caches, and from where it is told. */
enum tracked_kind {
    TRACKED_READS,     /* what it reads */
    TRACKED_APART,     /* likewise; pushes and answers come on different connections */
    TRACKED_BROADCAST, /* what begins with its prefixes */
};

/* One client that caches. */
struct tracked {
    struct tracker *tracker;
    struct list_link in_tracker;
    struct list_link in_ears; /* in the tracker's all_ears or broadcasts */
    enum tracked_kind kind;
    bool is_starting; /* BROADCAST: not all primaries tell of changes yet */
    uint64_t started_at;
    const struct span *prefixes; /* BROADCAST; the owner's */
    size_t prefix_count;         /* 0: all keys */
    struct list interests;
    uint32_t interest_count;
    bool is_late;   /* what it has read before is stale, and it has not been told yet */
    bool hears_all; /* of every key: it has read too many */
    bool is_noloop; /* not of what it changes itself */
    bool has_read;  /* something that it may cache, since it was told that all is stale */
    uint64_t slots[SLOT_COUNT / 64]; /* of what it has read */
    /* These keys are stale; of `count` 0: everything is. May not close the client. */
    void (*deliver)(struct tracked *tracked, const struct span *keys, size_t count);
    void (*started)(struct tracked *tracked); /* is_starting is over */
    void *owner;
};

/* Tells `dispatcher` to tell it. Borrows both, and the account of its intake. */
struct tracker *tracker_new(struct dispatcher *dispatcher, struct metrics *metrics) MUST_USE;

/* None may be on. Takes the pointer. */
void tracker_free(struct tracker **tracker);

/* From now on the tracker is told of answers to its lane. */
struct tracked *tracked_new(struct tracker *tracker, enum tracked_kind kind) MUST_USE;
void tracked_free(struct tracked **tracked);

/* Tells it that all is stale, if it has read anything. */
void tracked_flush(struct tracked *tracked);

/* The memory that is taken for it by what it has read, about; NULL: none. */
static inline size_t tracked_bytes(const struct tracked *tracked)
{
    return tracked == NULL ? 0 : (size_t)tracked->interest_count * INTEREST_BYTES;
}

#endif
