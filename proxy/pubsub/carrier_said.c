#include "proxy/pubsub/carrier_said.h"

#include "common/log.h"
#include "proxy/pubsub/spread.h"
#include "proxy/pubsub/tapping.h"

enum {
    REFUSED_FIRST_US = 20 * US_PER_MS,
    REFUSED_MAX_US = US_PER_SECOND,
    WORDS_MAX = 3,
    WORDS_MIN = 2,
};

static struct carrier *carrier_of(const struct feed *feed)
{
    return feed->site->carrier;
}

/* The first `max` strings of an array; how many there are. The rest may be of any type. */
static int take_words(struct span reply, struct span words[WORDS_MAX], int max)
{
    int64_t count;
    size_t at;
    int taken = 0;

    if (!reply_array_open(reply, &count, &at)) {
        return 0;
    }
    while (taken < max && taken < count) {
        struct reply_scan scan = {0};
        struct span rest = {reply.at + at, reply.size - at};
        size_t used;

        if (reply_scan_next(&scan, rest.size, rest, &used) != SCAN_DONE ||
            !reply_string((struct span){rest.at, used}, &words[taken])) {
            break;
        }
        at += used;
        taken++;
    }
    return taken;
}

/* A node that will take it later, or another one: nobody is told. */
static bool is_passing(struct span error)
{
    static const struct {
        struct span start;
    } rows[] = {
        {{"-MOVED ", 7}},  {{"-ASK ", 5}},        {{"-TRYAGAIN", 9}}, {{"-CLUSTERDOWN", 12}},
        {{"-LOADING", 8}}, {{"-MASTERDOWN", 11}}, {{"-BUSY", 5}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (span_starts_with(error, rows[i].start)) {
            return true;
        }
    }
    return false;
}

static uint64_t refusal_pause(struct tap *tap)
{
    uint64_t pause = (uint64_t)REFUSED_FIRST_US << size_min(tap->refusals, 6);

    tap->refusals++;
    return pause < REFUSED_MAX_US ? pause : REFUSED_MAX_US;
}

/* Who waits for it gets the node's words; who has it already does not hear of it. */
static void on_denied(struct carrier *carrier, struct tap *tap, struct span error)
{
    struct supply *supply = tap->supply;

    LIST_EACH (link, &supply->joins) {
        supply_set(supply, container_of(link, struct letter, in_list)->worker, false);
    }
    supply_answer(&supply->joins, LETTER_REFUSED, error);
    if (supply->worker_count == 0) {
        tapping_ended(carrier, tap);
        spread_end(carrier, supply);
        return;
    }
    log_warn("node refuses a subscription that stood before", "node=%s error=%.*s", tap->feed->name,
             (int)strcspn(error.at, "\r\n"), error.at);
    tap->refusals = REFUSED_MAX_US / REFUSED_FIRST_US;
    tapping_lose(carrier, tap, refusal_pause(tap));
}

static void on_refusal(struct carrier *carrier, struct tap *tap, struct span error)
{
    switch (tap->state) {
    case TAP_WANTING:
    case TAP_ENDING: return; /* its end has been asked for as well */
    case TAP_STANDING: spread_let_go(carrier, tap); return;
    case TAP_ASKED: break;
    }
    if (!is_passing(error)) {
        on_denied(carrier, tap, error);
        return;
    }
    carrier_hint(carrier, span_starts_with(error, SPAN("-MOVED ")) ? HINT_MOVED : HINT_UNBOUND);
    tapping_lose(carrier, tap, refusal_pause(tap));
}

static void on_no_tap(struct carrier *carrier, struct tap *tap)
{
    struct supply *supply = tap->supply;

    tapping_ended(carrier, tap);
    spread_finish(carrier, supply);
}

static void on_error(struct feed *feed, struct span error)
{
    struct carrier *carrier = carrier_of(feed);
    struct feed_ask *ask = feed_head(feed);

    if (ask == NULL) {
        log_warn("node says an error on a subscription", "node=%s error=%.*s", feed->name,
                 (int)strcspn(error.at, "\r\n"), error.at);
        return;
    }
    feed_answered(feed, ask);
    switch (ask->kind) {
    case ASK_PING: return;
    case ASK_BEGIN: on_refusal(carrier, container_of(ask, struct tap, begin), error); return;
    case ASK_END: on_no_tap(carrier, container_of(ask, struct tap, end)); return;
    }
}

static void on_pong(struct feed *feed)
{
    struct feed_ask *ask = feed_head(feed);

    if (ask != NULL && ask->kind == ASK_PING) {
        feed_answered(feed, ask);
    }
}

static void on_begun(struct feed *feed, const struct topic *topic)
{
    struct carrier *carrier = carrier_of(feed);
    struct feed_ask *ask = feed_head(feed);
    struct tap *tap;

    if (ask == NULL || ask->kind != ASK_BEGIN) {
        return;
    }
    tap = container_of(ask, struct tap, begin);
    if (!topic_equal(&tap->supply->topic, topic)) {
        return;
    }
    feed_answered(feed, ask);
    switch (tap->state) {
    case TAP_WANTING:
    case TAP_ENDING: return;
    case TAP_ASKED: tapping_stand(carrier, tap); return;
    case TAP_STANDING: spread_hand_over(carrier, tap); return;
    }
}

/* Redis Cluster: a node that loses a slot ends the subscriptions to its shard channels by itself.
 */
static void on_ended(struct feed *feed, const struct topic *topic)
{
    struct carrier *carrier = carrier_of(feed);
    struct feed_ask *ask = feed_head(feed);
    struct supply *supply = carrier_find(carrier, topic);
    struct tap *tap = supply == NULL ? NULL : supply_tap_at(supply, feed);

    if (tap == NULL) {
        return;
    }
    if (ask == &tap->end) {
        feed_answered(feed, ask);
        on_no_tap(carrier, tap);
    } else if (tap->state == TAP_STANDING) {
        carrier_hint(carrier, HINT_MOVED);
        tapping_lose(carrier, tap, refusal_pause(tap));
    }
}

/* What it was published to: of a pattern's message, its third word. */
static struct span channel_of(const struct topic *topic, struct span push)
{
    struct span words[WORDS_MAX];

    if (topic->kind != TOPIC_PATTERN) {
        return topic->name;
    }
    return take_words(push, words, WORDS_MAX) == WORDS_MAX ? words[WORDS_MAX - 1] : SPAN("");
}

static void on_message(struct feed *feed, const struct topic *topic, struct span push)
{
    struct carrier *carrier = carrier_of(feed);
    struct supply *supply = carrier_find(carrier, topic);
    struct tap *tap = supply == NULL ? NULL : supply_tap_at(supply, feed);

    metric_add(&feed->site->metrics->pubsub_received_total, 1);
    if (tap != NULL && spread_hears(tap, channel_of(topic, push))) {
        carrier_pass_on(carrier, supply, topic, push);
    }
}

void carrier_on_said(struct feed *feed, struct span reply)
{
    struct span words[WORDS_MAX];
    enum topic_kind kind = TOPIC_CHANNEL;

    if (reply.at[0] == '-') {
        on_error(feed, reply);
        return;
    }
    if (reply.at[0] == '+' || take_words(reply, words, WORDS_MIN) < WORDS_MIN ||
        span_equal(words[0], SPAN("pong"))) {
        on_pong(feed);
        return;
    }

    enum topic_word word = topic_find_word(words[0], &kind);
    struct topic topic = topic_of(kind, words[1]);

    switch (word) {
    case TOPIC_WORD_BEGINS: on_begun(feed, &topic); return;
    case TOPIC_WORD_ENDS: on_ended(feed, &topic); return;
    case TOPIC_WORD_MESSAGE: on_message(feed, &topic, reply); return;
    case TOPIC_WORD_NONE: return;
    }
}
