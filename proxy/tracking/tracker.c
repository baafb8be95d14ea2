#include "proxy/tracking/tracker.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/routing/listening.h"
#include "proxy/tracking/reading.h"
#include "proxy/tracking/stale_keys.h"

enum {
    INTERESTS_MAX = 100 * 1000,      /* of one client */
    INTERESTS_ALL = 4 * 1000 * 1000, /* of all of them */
    TICK_US = 100 * US_PER_MS,
};

static struct tracked *tracked_at(struct list_link *link)
{
    return container_of(link, struct tracked, in_tracker);
}

static struct tracked *tracked_with_ears(struct list_link *link)
{
    return container_of(link, struct tracked, in_ears);
}

static void tracked_hear_all(struct tracked *tracked)
{
    tracked->hears_all = true;
    if (!list_link_is_on(&tracked->in_ears)) {
        list_append(&tracked->tracker->all_ears, &tracked->in_ears);
    }
}

static void tracked_forget_all(struct tracked *tracked)
{
    struct list_link *link;

    while ((link = list_first(&tracked->interests)) != NULL) {
        struct interest *interest = container_of(link, struct interest, in_tracked);

        interests_end(&tracked->tracker->interests, &interest);
    }
    memset(tracked->slots, 0, sizeof tracked->slots);
    if (tracked->hears_all && tracked->kind == TRACKED_READS) {
        list_remove(&tracked->in_ears);
    }
    tracked->hears_all = false;
    tracked->has_read = false;
}

static void tracked_tell(struct tracked *tracked, const struct span *keys, size_t count)
{
    metric_add(&tracked->tracker->metrics->invalidations_total, 1);
    tracked->deliver(tracked, keys, count);
}

void tracked_flush(struct tracked *tracked)
{
    if (tracked->has_read) {
        tracked_forget_all(tracked);
        metric_add(&tracked->tracker->metrics->invalidations_of_all_total, 1);
        tracked_tell(tracked, NULL, 0);
    }
}

static void interest_begin(struct tracked *tracked, struct span key)
{
    uint64_t hash = table_hash_bytes(key);
    struct tracker *tracker = tracked->tracker;

    if (tracked->hears_all || tracked->kind != TRACKED_READS ||
        interests_find(&tracker->interests, tracked, hash) != NULL) {
        return;
    }
    if (tracked->interest_count >= INTERESTS_MAX ||
        tracker->interests.pairs.count >= INTERESTS_ALL) {
        tracked_hear_all(tracked);
        return;
    }
    interests_add(&tracker->interests, tracked, hash);
}

static void on_read_key(void *context, struct span key)
{
    interest_begin(context, key);
}

static void on_stale_key(void *context, struct span key)
{
    tracked_tell(context, &key, 1);
}

static void tracker_on_read(struct tracked *tracked, const struct request *request)
{
    struct tracker *tracker = tracked->tracker;

    if (!reading_each_key(request, &tracker->arguments, &tracker->keys, on_read_key, tracked)) {
        tracked_hear_all(tracked);
    }
    if (request->slot != SLOT_NONE) {
        tracked->slots[request->slot / 64] |= UINT64_C(1) << (request->slot % 64);
    }
    tracked->has_read = true;
}

static void tracker_on_stale(struct tracked *tracked, const struct request *request)
{
    struct tracker *tracker = tracked->tracker;

    if (!reading_each_key(request, &tracker->arguments, &tracker->keys, on_stale_key, tracked)) {
        tracked->has_read = true;
        tracked_flush(tracked);
    }
}

/* As with a server: who is not told of its own change starts anew with its next read. */
static void tracker_on_own_change(struct tracked *tracked, const struct request *request,
                                  struct span reply)
{
    struct tracker *tracker = tracked->tracker;
    struct interest *interest = NULL;
    struct span key;

    if (reading_changed_key(request, reply, &tracker->arguments, &tracker->keys, &key)) {
        interest = interests_find(&tracker->interests, tracked, table_hash_bytes(key));
    }
    if (interest != NULL) {
        interests_end(&tracker->interests, &interest);
    }
}

/* Nobody caches what it waits for, and its client is told of other things at once. */
static bool is_blocking(const struct request *request)
{
    return request->special != NULL && request->special->may_block;
}

static void tracker_on_answered(void *context UNUSED, const struct request *request,
                                struct span reply, bool is_tracked)
{
    struct tracked *tracked = request->lane->tracked;

    if (tracked == NULL || reply.at[0] == '-' || is_blocking(request)) {
        return;
    }
    if (!reading_is_read(request)) {
        if (tracked->is_noloop) {
            tracker_on_own_change(tracked, request, reply);
        }
    } else if (request->is_uncached) {
        /* Whoever does not cache it need not be told. */
    } else if (is_tracked) {
        tracker_on_read(tracked, request);
    } else {
        tracker_on_stale(tracked, request);
    }
}

static bool is_broadcast(const struct tracked *tracked)
{
    return tracked->kind == TRACKED_BROADCAST;
}

static void flush_reads(struct tracker *tracker)
{
    LIST_EACH (link, &tracker->tracked) {
        if (!is_broadcast(tracked_at(link))) {
            tracked_flush(tracked_at(link));
        }
    }
}

static void flush_broadcasts(struct tracker *tracker)
{
    LIST_EACH (link, &tracker->broadcasts) {
        struct tracked *tracked = tracked_with_ears(link);

        if (!tracked->is_starting) {
            metric_add(&tracker->metrics->invalidations_of_all_total, 1);
            tracked_tell(tracked, NULL, 0);
        }
    }
}

static void tracker_flush(struct tracker *tracker, enum dialect dialect)
{
    if (dialect == DIALECT_RESP3_BROADCAST) {
        flush_broadcasts(tracker);
    } else {
        flush_reads(tracker);
    }
}

/* The interests in `key` are over. A client that hears all may have had one, too. */
static void tracker_invalidate(struct tracker *tracker, struct span key)
{
    uint64_t hash = table_hash_bytes(key);
    struct interest *interest;

    while ((interest = interests_first(&tracker->interests, hash)) != NULL) {
        struct tracked *tracked = interest->tracked;

        interests_end(&tracker->interests, &interest);
        if (!tracked->hears_all) {
            tracked_tell(tracked, &key, 1);
        }
    }
    LIST_EACH (link, &tracker->all_ears) {
        tracked_tell(tracked_with_ears(link), &key, 1);
    }
}

/* As a server does: those that begin with one prefix come together. */
static void tracked_tell_prefix(struct tracked *tracked, struct span prefix,
                                const struct stale_keys *keys)
{
    size_t count = stale_keys_pick(keys, prefix);

    if (count > 0) {
        tracked_tell(tracked, keys->picked, count);
    }
}

static void tracker_broadcast(struct tracker *tracker, const struct stale_keys *keys)
{
    LIST_EACH (link, &tracker->broadcasts) {
        struct tracked *tracked = tracked_with_ears(link);

        if (tracked->prefix_count == 0) {
            tracked_tell_prefix(tracked, SPAN(""), keys);
        }
        for (size_t i = 0; i < tracked->prefix_count; i++) {
            tracked_tell_prefix(tracked, tracked->prefixes[i], keys);
        }
    }
}

/* What else a node may push concerns nobody. */
static void tracker_on_pushed(void *context, enum dialect dialect, struct span push)
{
    struct tracker *tracker = context;
    struct stale_keys keys;

    switch (stale_keys_read(&keys, push)) {
    case STALE_NOTHING: return;
    case STALE_ALL: tracker_flush(tracker, dialect); return;
    case STALE_KEYS: break;
    }
    if (dialect == DIALECT_RESP3_BROADCAST) {
        tracker_broadcast(tracker, &keys);
    } else {
        for (size_t i = 0; i < keys.count; i++) {
            tracker_invalidate(tracker, keys.all[i]);
        }
    }
    stale_keys_clear(&keys);
}

static void tracker_on_forgot(void *context, enum dialect dialect)
{
    tracker_flush(context, dialect);
}

static void tracker_on_moved(void *context, const uint64_t *slots)
{
    struct tracker *tracker = context;

    LIST_EACH (link, &tracker->tracked) {
        struct tracked *tracked = tracked_at(link);
        uint64_t common = 0;

        for (size_t i = 0; i < ARRAY_LEN(tracked->slots); i++) {
            common |= tracked->slots[i] & slots[i];
        }
        if (common != 0) {
            tracked_flush(tracked);
        }
    }
    if (!list_is_empty(&tracker->broadcasts)) {
        listening_begin(tracker->dispatcher);
    }
}

/* A primary that cannot be reached does not keep anybody waiting for ever: when it can, all is
 * stale. */
static void tracker_start(struct tracker *tracker, struct tracked *tracked)
{
    uint64_t patience = tracker->dispatcher->site.config->timeout_connect;

    if (listening_is_complete(tracker->dispatcher) ||
        tracked->started_at + patience < reactor_now(tracker->dispatcher->site.reactor)) {
        tracked->is_starting = false;
        tracked->started(tracked);
    }
}

static void tracker_on_tick(struct reactor_timer *timer)
{
    struct tracker *tracker = container_of(timer, struct tracker, tick);

    block_bill(tracker->dispatcher->site.intake->account);
    LIST_EACH_SAFE (link, &tracker->tracked) {
        struct tracked *tracked = tracked_at(link);

        if (tracked->is_starting) {
            tracker_start(tracker, tracked);
        } else if (tracked->is_late) {
            tracked->is_late = false;
            tracked->has_read = true;
            tracked_flush(tracked);
        }
    }
    if (!list_is_empty(&tracker->broadcasts)) {
        listening_begin(tracker->dispatcher);
    }
    listening_ping(tracker->dispatcher);
    reactor_timer_start(timer, TICK_US);
}

static const struct tracking_events events = {
    .answered = tracker_on_answered,
    .pushed = tracker_on_pushed,
    .forgot = tracker_on_forgot,
    .moved = tracker_on_moved,
};

struct tracker *tracker_new(struct dispatcher *dispatcher, struct metrics *metrics)
{
    struct tracker *tracker = memory_new(1, sizeof *tracker);

    tracker->dispatcher = dispatcher;
    tracker->metrics = metrics;
    tracker->interests.account = dispatcher->site.intake->account;
    list_init(&tracker->tracked);
    list_init(&tracker->all_ears);
    list_init(&tracker->broadcasts);
    reactor_timer_init(&tracker->tick, dispatcher->site.reactor, tracker_on_tick);
    dispatcher->tracking = &events;
    dispatcher->tracker = tracker;
    return tracker;
}

void tracker_free(struct tracker **tracker)
{
    struct tracker *gone = *tracker;

    *tracker = NULL;
    CHECK(list_is_empty(&gone->tracked) && list_is_empty(&gone->all_ears) &&
          list_is_empty(&gone->broadcasts));
    gone->dispatcher->tracking = NULL;
    reactor_timer_stop(&gone->tick);
    interests_clear(&gone->interests);
    arguments_clear(&gone->arguments);
    keys_clear(&gone->keys);
    free(gone);
}

static void broadcast_begin(struct tracked *tracked)
{
    struct tracker *tracker = tracked->tracker;

    list_append(&tracker->broadcasts, &tracked->in_ears);
    listening_begin(tracker->dispatcher);
    tracked->is_starting = !listening_is_complete(tracker->dispatcher);
    tracked->started_at = reactor_now(tracker->dispatcher->site.reactor);
}

static void broadcast_end(struct tracked *tracked)
{
    struct tracker *tracker = tracked->tracker;

    list_remove(&tracked->in_ears);
    if (list_is_empty(&tracker->broadcasts)) {
        listening_end(tracker->dispatcher);
    }
}

struct tracked *tracked_new(struct tracker *tracker, enum tracked_kind kind)
{
    struct tracked *tracked = memory_new(1, sizeof *tracked);

    tracked->tracker = tracker;
    tracked->kind = kind;
    list_init(&tracked->interests);
    list_append(&tracker->tracked, &tracked->in_tracker);
    metric_add(&tracker->metrics->tracking_clients, 1);
    switch (kind) {
    case TRACKED_READS: break;
    case TRACKED_APART: list_append(&tracker->all_ears, &tracked->in_ears); break;
    case TRACKED_BROADCAST: broadcast_begin(tracked); break;
    }
    if (!reactor_timer_is_running(&tracker->tick)) {
        reactor_timer_start(&tracker->tick, TICK_US);
    }
    return tracked;
}

void tracked_free(struct tracked **tracked)
{
    struct tracked *gone = *tracked;
    struct tracker *tracker = gone->tracker;

    *tracked = NULL;
    tracked_forget_all(gone);
    list_remove(&gone->in_tracker);
    metric_subtract(&tracker->metrics->tracking_clients, 1);
    switch (gone->kind) {
    case TRACKED_READS: break;
    case TRACKED_APART: list_remove(&gone->in_ears); break;
    case TRACKED_BROADCAST: broadcast_end(gone); break;
    }
    free(gone);
    if (list_is_empty(&tracker->tracked)) {
        reactor_timer_stop(&tracker->tick);
    }
}
