#include "proxy/tracking/tracker.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/tracking/reading.h"

enum {
    INTERESTS_MAX = 100 * 1000,      /* of one client */
    INTERESTS_ALL = 4 * 1000 * 1000, /* of all of them */
};

/* One client may cache one key; or another key with the same hash, seldom enough. */
struct interest {
    struct table_link in_tracker;
    struct list_link in_tracked;
    struct tracked *tracked;
};

static struct tracked *tracked_at(struct list_link *link)
{
    return container_of(link, struct tracked, in_tracker);
}

static void interest_end(struct interest *interest)
{
    table_remove(&interest->tracked->tracker->interests, &interest->in_tracker);
    list_remove(&interest->in_tracked);
    interest->tracked->interest_count--;
    free(interest);
}

static void tracked_forget_all(struct tracked *tracked)
{
    struct list_link *link;

    while ((link = list_first(&tracked->interests)) != NULL) {
        interest_end(container_of(link, struct interest, in_tracked));
    }
    memset(tracked->slots, 0, sizeof tracked->slots);
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

static struct interest *interest_find(const struct tracked *tracked, uint64_t hash)
{
    struct table_link *link = table_first(&tracked->tracker->interests, hash);

    while (link != NULL && container_of(link, struct interest, in_tracker)->tracked != tracked) {
        link = table_next(link);
    }
    return link == NULL ? NULL : container_of(link, struct interest, in_tracker);
}

static void interest_begin(struct tracked *tracked, struct span key)
{
    uint64_t hash = table_hash_bytes(key);
    struct tracker *tracker = tracked->tracker;

    if (tracked->hears_all || interest_find(tracked, hash) != NULL) {
        return;
    }
    if (tracked->interest_count >= INTERESTS_MAX || tracker->interests.count >= INTERESTS_ALL) {
        tracked->hears_all = true;
        return;
    }

    struct interest *interest = memory_new(1, sizeof *interest);

    interest->tracked = tracked;
    table_add(&tracker->interests, &interest->in_tracker, hash);
    list_append(&tracked->interests, &interest->in_tracked);
    tracked->interest_count++;
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
        tracked->hears_all = true;
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
        interest = interest_find(tracked, table_hash_bytes(key));
    }
    if (interest != NULL) {
        interest_end(interest);
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

static void tracker_flush(struct tracker *tracker)
{
    LIST_EACH (link, &tracker->tracked) {
        tracked_flush(tracked_at(link));
    }
}

/* The interests in `key` are over. A client that hears all may have had one, too. */
static void tracker_invalidate(struct tracker *tracker, struct span key)
{
    struct table_link *link = table_first(&tracker->interests, table_hash_bytes(key));

    while (link != NULL) {
        struct interest *interest = container_of(link, struct interest, in_tracker);
        struct tracked *tracked = interest->tracked;

        link = table_next(link);
        interest_end(interest);
        if (!tracked->hears_all) {
            tracked_tell(tracked, &key, 1);
        }
    }
    LIST_EACH (one, &tracker->tracked) {
        if (tracked_at(one)->hears_all) {
            tracked_tell(tracked_at(one), &key, 1);
        }
    }
}

/* The next value in `push`, which is cut off. */
static struct span take_value(struct span *push)
{
    struct reply_scan scan = {0};
    size_t used = 0;

    if (reply_scan_next(&scan, SIZE_MAX, *push, &used) != SCAN_DONE) {
        used = push->size;
    }

    struct span value = {push->at, used};

    push->at += used;
    push->size -= used;
    return value;
}

/* >2 invalidate [a b c], or null for all. */
static void tracker_on_pushed(void *context, struct span push)
{
    struct tracker *tracker = context;
    struct span word;
    int64_t count;
    size_t first;

    if (!reply_array_open(push, &count, &first) || count != 2) {
        return;
    }
    push.at += first;
    push.size -= first;
    if (!reply_string(take_value(&push), &word) || !span_equal(word, SPAN("invalidate"))) {
        return;
    }
    if (!reply_array_open(push, &count, &first)) {
        tracker_flush(tracker);
        return;
    }
    push.at += first;
    push.size -= first;
    for (; count > 0; count--) {
        if (reply_string(take_value(&push), &word)) {
            tracker_invalidate(tracker, word);
        }
    }
}

static void tracker_on_forgot(void *context)
{
    tracker_flush(context);
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
    list_init(&tracker->tracked);
    dispatcher->tracking = &events;
    dispatcher->tracker = tracker;
    return tracker;
}

void tracker_free(struct tracker **tracker)
{
    struct tracker *gone = *tracker;

    *tracker = NULL;
    CHECK(list_is_empty(&gone->tracked) && gone->interests.count == 0);
    gone->dispatcher->tracking = NULL;
    table_clear(&gone->interests);
    arguments_clear(&gone->arguments);
    keys_clear(&gone->keys);
    free(gone);
}

struct tracked *tracked_new(struct tracker *tracker)
{
    struct tracked *tracked = memory_new(1, sizeof *tracked);

    tracked->tracker = tracker;
    list_init(&tracked->interests);
    list_append(&tracker->tracked, &tracked->in_tracker);
    metric_add(&tracker->metrics->tracking_clients, 1);
    return tracked;
}

void tracked_free(struct tracked **tracked)
{
    struct tracked *gone = *tracked;

    *tracked = NULL;
    tracked_forget_all(gone);
    list_remove(&gone->in_tracker);
    metric_subtract(&gone->tracker->metrics->tracking_clients, 1);
    free(gone);
}
