#include "proxy/pubsub/tapping.h"

#include <inttypes.h>

#include "common/check.h"
#include "common/log.h"
#include "proxy/pubsub/placement.h"
#include "proxy/pubsub/spread.h"

enum {
    UNPLACED_US = 50 * US_PER_MS,
    FEED_FAILURES_MAX = 2, /* the loss of a connection, and one attempt in vain */
};

static void note_gap(struct carrier *carrier, struct tap *tap)
{
    metric_add(&carrier->site.metrics->pubsub_gaps_total, 1);
    if (tap->lost_at == 0) {
        tap->lost_at = carrier_now(carrier);
        carrier->lost_count++;
    }
}

/* Returns how long it was, in microseconds; 0: there was none. */
static uint64_t end_gap(struct carrier *carrier, struct tap *tap)
{
    uint64_t gap = tap->lost_at == 0 ? 0 : carrier_now(carrier) - tap->lost_at + 1;

    if (tap->lost_at != 0) {
        carrier->lost_count--;
        tap->lost_at = 0;
    }
    return gap;
}

/* It is at no node any more. */
static void leave_feed(struct carrier *carrier, struct tap *tap)
{
    spread_let_go(carrier, tap);
    if (tap->is_counted) {
        tally_fall(carrier->exchange->tally, &tap->supply->topic, tap->feed->id);
        tap->is_counted = false;
    }
    if (tap->feed != NULL) {
        tap->feed->used_at = carrier_now(carrier);
        tap->feed = NULL;
    }
    if (tap->state != TAP_WANTING) {
        tap_become(tap, TAP_WANTING);
        list_move(&carrier->wanting, &tap->in_list);
    }
}

static void remove_tap(struct carrier *carrier, struct tap *tap)
{
    leave_feed(carrier, tap);
    (void)end_gap(carrier, tap);
    tap_free(&tap);
}

void tapping_add(struct carrier *carrier, struct supply *supply, const char *node)
{
    struct tap *tap = tap_new(supply, node);

    list_append(&carrier->wanting, &tap->in_list);
    tapping_place(carrier, tap);
}

void tapping_take_bus(struct carrier *carrier, const char *node)
{
    if (placement_heard(carrier->topology, &carrier->feeds, carrier->bus_node) == NULL) {
        memcpy(carrier->bus_node, node, sizeof carrier->bus_node);
    }
}

const struct node *tapping_choose(struct carrier *carrier, const struct supply *supply)
{
    bool is_bound = supply->reach == REACH_OWNER;
    const struct placement wanted = {.slot = exchange_slot(carrier->exchange, &supply->topic),
                                     .is_bound = is_bound,
                                     .stays = supply->reach == REACH_ANY,
                                     .last = is_bound ? "" : carrier->bus_node};
    const struct node *node = placement_choose(carrier->topology, &carrier->feeds, &wanted);

    if (node != NULL && !is_bound) {
        tapping_take_bus(carrier, node->id);
    }
    return node;
}

static const struct node *choose_node(struct carrier *carrier, const struct tap *tap)
{
    const struct node *node;

    if (tap->node[0] == '\0') {
        return tapping_choose(carrier, tap->supply);
    }
    node = placement_primary(carrier->topology, tap->node);
    return node != NULL && placement_accepts(&carrier->feeds, node) ? node : NULL;
}

static struct feed *feed_to(struct carrier *carrier, const struct node *node)
{
    struct feed *feed = placement_feed(&carrier->feeds, node);

    if (feed == NULL) {
        feed = feed_new(&carrier->site, node);
        feed->is_held = carrier->is_held;
        list_append(&carrier->feeds, &feed->in_carrier);
    }
    return feed;
}

void tapping_place(struct carrier *carrier, struct tap *tap)
{
    uint64_t now = carrier_now(carrier);
    const struct node *node;

    CHECK(tap->state == TAP_WANTING);
    carrier_look_soon(carrier);
    if (tap->retry_at > now) {
        return;
    }
    node = choose_node(carrier, tap);
    if (node == NULL) {
        tap->retry_at = now + UNPLACED_US;
        carrier_hint(carrier, HINT_UNBOUND);
        return;
    }
    tap->feed = feed_to(carrier, node);
    tap_become(tap, TAP_ASKED);
    list_move(&tap->feed->taps, &tap->in_list);
    if (tap->feed->state == FEED_READY) {
        tapping_begin(tap);
    } else {
        feed_connect(tap->feed);
    }
}

void tapping_begin(struct tap *tap)
{
    const struct topic *topic = &tap->supply->topic;

    feed_say(tap->feed, &tap->begin, topic_verb(topic->kind), topic->name);
}

void tapping_stand(struct carrier *carrier, struct tap *tap)
{
    uint64_t gap = end_gap(carrier, tap);

    if (gap > 0 && carrier->lost_count == 0) {
        log_info("subscriptions stand again", "gap_ms=%" PRIu64, gap / US_PER_MS);
    }
    tap_become(tap, TAP_STANDING);
    tap->refusals = 0;
    tap->failures = 0;
    tap->is_counted = true;
    tally_stand(carrier->exchange->tally, &tap->supply->topic, tap->feed->id);
    spread_look(carrier, tap->supply);
    if (tapping_is_astray(carrier, tap)) {
        tapping_end(carrier, tap);
    }
}

void tapping_lose(struct carrier *carrier, struct tap *tap, uint64_t pause)
{
    if (tap->state == TAP_STANDING) {
        note_gap(carrier, tap);
    } else {
        tap->failures++;
    }
    leave_feed(carrier, tap);
    tap->retry_at = carrier_now(carrier) + pause;
    carrier_look_soon(carrier);
    if (!tap->is_due) {
        remove_tap(carrier, tap);
    }
}

void tapping_end(struct carrier *carrier, struct tap *tap)
{
    const struct topic *topic = &tap->supply->topic;

    switch (tap->state) {
    case TAP_ENDING: return;
    case TAP_WANTING: tapping_ended(carrier, tap); return;
    case TAP_ASKED: break;
    case TAP_STANDING:
        if (tap->supply->worker_count > 0) {
            note_gap(carrier, tap);
        }
        break;
    }
    spread_let_go(carrier, tap);
    tap_become(tap, TAP_ENDING);
    if (tap->feed->state == FEED_READY) {
        feed_say(tap->feed, &tap->end, topic_end_verb(topic->kind), topic->name);
    } else {
        tapping_ended(carrier, tap);
    }
}

void tapping_ended(struct carrier *carrier, struct tap *tap)
{
    if (tap->supply->worker_count == 0 || !tap->is_due) {
        remove_tap(carrier, tap);
        return;
    }
    leave_feed(carrier, tap);
    tap->retry_at = carrier_now(carrier);
    tapping_place(carrier, tap);
}

bool tapping_is_astray(const struct carrier *carrier, const struct tap *tap)
{
    uint16_t slot = exchange_slot(carrier->exchange, &tap->supply->topic);
    const struct node *home = placement_home(carrier->topology, slot);

    return tap->supply->reach == REACH_OWNER && home != NULL &&
           strcmp(home->id, tap->feed->id) != 0;
}

bool tapping_is_hopeful(const struct carrier *carrier, const struct tap *tap)
{
    const struct node *node = placement_primary(carrier->topology, tap->node);
    const struct feed *feed = node == NULL ? NULL : placement_feed(&carrier->feeds, node);

    if (node == NULL || node->endpoint.size == 0 || tap->failures > 0) {
        return false;
    }
    return feed == NULL || feed->failures < FEED_FAILURES_MAX;
}
