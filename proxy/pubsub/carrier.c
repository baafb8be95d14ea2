#include "proxy/pubsub/carrier.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/pubsub/carrier_said.h"
#include "proxy/pubsub/placement.h"
#include "proxy/pubsub/spread.h"
#include "proxy/pubsub/tapping.h"

enum {
    SOON_US = US_PER_MS,
    BUSY_TICK_US = 20 * US_PER_MS,
    IDLE_TICK_US = 250 * US_PER_MS,
    UNUSED_US = 5 * US_PER_SECOND,
    IN_TRANSIT_MAX = 8 * 1024 * 1024,
};

uint64_t carrier_now(const struct carrier *carrier)
{
    return reactor_now(carrier->site.reactor);
}

void carrier_look_soon(struct carrier *carrier)
{
    reactor_timer_start(&carrier->tick, SOON_US);
}

void carrier_hint(const struct carrier *carrier, enum discovery_hint hint)
{
    if (carrier->discovery != NULL) {
        discovery_hint(carrier->discovery, hint);
    }
}

struct supply *carrier_find(const struct carrier *carrier, const struct topic *topic)
{
    struct table_link *link = table_first(&carrier->supplies, topic->hash);

    while (link != NULL &&
           !topic_equal(&container_of(link, struct supply, in_carrier)->topic, topic)) {
        link = table_next(link);
    }
    return link == NULL ? NULL : container_of(link, struct supply, in_carrier);
}

void carrier_forget(struct carrier *carrier, struct supply *supply)
{
    table_remove(&carrier->supplies, &supply->in_carrier);
    supply_free(&supply);
}

static void carrier_on_ready(struct feed *feed)
{
    LIST_EACH (link, &feed->taps) {
        tapping_begin(container_of(link, struct tap, in_list));
    }
}

/* What a node has said and then dies may still be on its way to the others over the cluster's bus:
 * whoever subscribed there at once would hear it again. */
static uint64_t loss_pause(const struct tap *tap)
{
    bool is_on_bus = tap->supply->reach == REACH_ANY && tap->state == TAP_STANDING;

    return is_on_bus ? CARRIER_BUS_US : 0;
}

/* The picture is a new one, so it may be tried again; but that pause has to be over. */
static void carrier_retry(const struct carrier *carrier, struct tap *tap)
{
    bool is_on_bus = tap->supply->reach == REACH_ANY && tap->lost_at != 0;

    tap->retry_at = size_max(carrier_now(carrier), is_on_bus ? tap->lost_at + CARRIER_BUS_US : 0);
}

static void carrier_lose(struct carrier *carrier, struct tap *tap)
{
    struct supply *supply = tap->supply;

    if (tap->state == TAP_ENDING) {
        tapping_ended(carrier, tap);
        spread_finish(carrier, supply);
    } else {
        tapping_lose(carrier, tap, loss_pause(tap));
    }
}

static void carrier_on_closed(struct feed *feed)
{
    struct carrier *carrier = feed->site->carrier;
    uint32_t lost = 0;
    struct list taps;
    struct list_link *link;

    list_init(&taps);
    list_splice(&taps, &feed->taps);
    while ((link = list_first(&taps)) != NULL) {
        struct tap *tap = container_of(link, struct tap, in_list);

        lost += tap->state == TAP_STANDING;
        carrier_lose(carrier, tap);
    }
    if (lost > 0) {
        log_warn("subscriptions lost their node", "node=%s topics=%" PRIu32, feed->name, lost);
    }
    carrier_hint(carrier, HINT_UNREACHABLE);
}

static const struct feed_events events = {
    .ready = carrier_on_ready,
    .said = carrier_on_said,
    .closed = carrier_on_closed,
};

static void carrier_post_to(struct carrier *carrier, size_t worker)
{
    if (carrier->parcels[worker] != NULL) {
        parcel_send(&carrier->parcels[worker]);
    }
}

static size_t in_transit(const struct carrier *carrier)
{
    return atomic_load(&carrier->exchange->places[carrier->worker].in_transit);
}

/* Whoever is to take the messages does not get round to it: they wait at the nodes. */
static void carrier_hold(struct carrier *carrier, bool is_held)
{
    carrier->is_held = is_held;
    LIST_EACH (link, &carrier->feeds) {
        feed_hold(container_of(link, struct feed, in_carrier), is_held);
    }
    carrier_look_soon(carrier);
}

void carrier_post_all(struct carrier *carrier)
{
    for (size_t i = 0; i < carrier->exchange->worker_count; i++) {
        carrier_post_to(carrier, i);
    }
}

static void carrier_on_post(struct turn_task *task)
{
    struct carrier *carrier = container_of(task, struct carrier, post);

    carrier_post_all(carrier);
    if (!carrier->is_held && in_transit(carrier) > IN_TRANSIT_MAX) {
        carrier_hold(carrier, true);
    }
}

void carrier_pass_on(struct carrier *carrier, struct supply *supply, const struct topic *topic,
                     struct span push)
{
    for (size_t i = 0; i < carrier->exchange->worker_count; i++) {
        if (!supply_has(supply, i)) {
            continue;
        }
        if (carrier->parcels[i] == NULL) {
            carrier->parcels[i] = parcel_new(carrier->exchange, carrier->worker, i);
        }
        parcel_add(carrier->parcels[i], topic, push);
    }
    reactor_flush_later(carrier->site.reactor, &carrier->post);
}

static struct supply *carrier_find_or_add(struct carrier *carrier, const struct topic *topic)
{
    struct supply *supply = carrier_find(carrier, topic);

    if (supply == NULL) {
        supply = supply_new(topic, carrier->exchange->worker_count);
        table_add(&carrier->supplies, &supply->in_carrier, supply->topic.hash);
        if (supply->reach == REACH_EVERY) {
            list_append(&carrier->wide, &supply->in_wide);
        }
    }
    return supply;
}

static void carrier_join(struct carrier *carrier, struct letter *letter)
{
    struct supply *supply = carrier_find_or_add(carrier, &letter->topic);

    supply_set(supply, letter->worker, true);
    if (list_is_empty(&supply->joins)) {
        supply->asked_at = carrier_now(carrier);
    }
    list_append(&supply->joins, &letter->in_list);
    if (supply->worker_count == 1) {
        spread_over(carrier, supply);
    }
    spread_look(carrier, supply);
    carrier_look_soon(carrier);
}

static void carrier_leave(struct carrier *carrier, struct letter *letter)
{
    struct supply *supply = carrier_find(carrier, &letter->topic);

    if (supply != NULL) {
        supply_set(supply, letter->worker, false);
        supply_forget_joins(supply, letter->worker);
    }
    if (supply == NULL || supply->worker_count > 0) {
        letter_answer(&letter, LETTER_ENDED, (struct span){"", 0});
        return;
    }
    list_append(&supply->leaves, &letter->in_list);
    spread_end(carrier, supply);
}

void carrier_take(struct carrier *carrier, struct letter *letter)
{
    block_bill(carrier->site.intake->account);
    switch (letter->wish) {
    case LETTER_JOIN: carrier_join(carrier, letter); return;
    case LETTER_LEAVE: carrier_leave(carrier, letter); return;
    }
}

/* One without taps is kept for a while: who leaves a channel often joins another. */
static bool carrier_needs(const struct carrier *carrier, const struct feed *feed)
{
    return !list_is_empty(&feed->taps) ||
           (carrier->topology != NULL && feed->used_at + UNUSED_US >= carrier_now(carrier));
}

static void carrier_look_at_feeds(struct carrier *carrier)
{
    LIST_EACH_SAFE (link, &carrier->feeds) {
        struct feed *feed = container_of(link, struct feed, in_carrier);

        feed_look(feed);
        if (!carrier_needs(carrier, feed)) {
            feed_free(&feed);
        }
    }
}

/* True: some of it cannot wait long. */
static bool carrier_look_at_supplies(struct carrier *carrier)
{
    bool is_busy = false;

    LIST_EACH_SAFE (wanting, &carrier->wanting) {
        tapping_place(carrier, container_of(wanting, struct tap, in_list));
    }
    LIST_EACH_SAFE (link, &carrier->wide) {
        struct supply *supply = container_of(link, struct supply, in_wide);

        spread_look(carrier, supply);
        is_busy |= spread_is_busy(supply);
    }
    return is_busy || !list_is_empty(&carrier->wanting);
}

static void carrier_on_tick(struct reactor_timer *timer)
{
    struct carrier *carrier = container_of(timer, struct carrier, tick);

    block_bill(carrier->site.intake->account);
    reactor_timer_stop(timer);
    if (carrier->is_held && in_transit(carrier) < IN_TRANSIT_MAX / 2) {
        carrier_hold(carrier, false);
    }
    carrier_look_at_feeds(carrier);

    bool is_busy = carrier_look_at_supplies(carrier);

    reactor_timer_stop(timer);
    if (carrier->is_held || is_busy) {
        reactor_timer_start(timer, BUSY_TICK_US);
    } else if (!list_is_empty(&carrier->feeds)) {
        reactor_timer_start(timer, IDLE_TICK_US);
    }
}

static void carrier_adopt_feed(struct carrier *carrier, struct feed *feed)
{
    if (!placement_feed_fits(carrier->topology, feed)) {
        feed_close(feed, CLOSE_NODE_GONE);
        return;
    }
    LIST_EACH_SAFE (link, &feed->taps) {
        struct tap *tap = container_of(link, struct tap, in_list);

        if (tap->state == TAP_STANDING && tapping_is_astray(carrier, tap)) {
            tapping_end(carrier, tap);
        }
    }
}

void carrier_adopt(struct carrier *carrier, struct topology *topology)
{
    if (carrier->topology != NULL) {
        topology_release(&carrier->topology);
    }
    carrier->topology = topology;
    LIST_EACH_SAFE (link, &carrier->wide) {
        spread_over(carrier, container_of(link, struct supply, in_wide));
    }
    LIST_EACH_SAFE (link, &carrier->feeds) {
        carrier_adopt_feed(carrier, container_of(link, struct feed, in_carrier));
    }
    LIST_EACH (link, &carrier->wanting) {
        carrier_retry(carrier, container_of(link, struct tap, in_list));
    }
    carrier_look_soon(carrier);
}

void carrier_rest(struct carrier *carrier)
{
    if (carrier->topology != NULL) {
        topology_release(&carrier->topology);
    }
    carrier_look_soon(carrier);
}

struct carrier *carrier_new(struct exchange *exchange, const struct exchange_site *site)
{
    struct carrier *carrier =
        memory_new(1, sizeof *carrier + exchange->worker_count * sizeof(struct parcel *));

    carrier->exchange = exchange;
    carrier->discovery = site->discovery;
    carrier->worker = site->worker;
    carrier->site = (struct feed_site){site->reactor, site->intake, site->config, site->metrics,
                                       &events,       carrier,      site->door};
    list_init(&carrier->wide);
    list_init(&carrier->wanting);
    list_init(&carrier->feeds);
    carrier->post.run = carrier_on_post;
    reactor_timer_init(&carrier->tick, site->reactor, carrier_on_tick);
    return carrier;
}

static void carrier_drop_supply(struct carrier *carrier, struct supply *supply)
{
    for (size_t i = 0; i < carrier->exchange->worker_count; i++) {
        supply_forget_joins(supply, i);
    }
    supply_answer(&supply->leaves, LETTER_ENDED, (struct span){"", 0});
    carrier_forget(carrier, supply);
}

static void carrier_drop_taps(struct carrier *carrier, struct list *taps)
{
    struct list_link *link;

    while ((link = list_first(taps)) != NULL) {
        struct tap *tap = container_of(link, struct tap, in_list);
        struct supply *supply = tap->supply;

        supply->home = supply->heir = NULL;
        tap->feed = NULL;
        tap_free(&tap);
        if (list_is_empty(&supply->taps)) {
            carrier_drop_supply(carrier, supply);
        }
    }
}

/* Without a picture there are supplies that have no taps. */
static void carrier_drop_all(struct carrier *carrier)
{
    LIST_EACH (link, &carrier->feeds) {
        carrier_drop_taps(carrier, &container_of(link, struct feed, in_carrier)->taps);
    }
    carrier_drop_taps(carrier, &carrier->wanting);
    LIST_EACH_SAFE (link, &carrier->wide) {
        carrier_drop_supply(carrier, container_of(link, struct supply, in_wide));
    }
}

void carrier_free(struct carrier **carrier)
{
    struct carrier *gone = *carrier;

    *carrier = NULL;
    carrier_drop_all(gone);
    LIST_EACH_SAFE (link, &gone->feeds) {
        struct feed *feed = container_of(link, struct feed, in_carrier);

        feed_free(&feed);
    }
    CHECK(gone->supplies.count == 0);
    table_clear(&gone->supplies);
    for (size_t i = 0; i < gone->exchange->worker_count; i++) {
        parcel_free(&gone->parcels[i]);
    }
    list_remove(&gone->post.link);
    reactor_timer_stop(&gone->tick);
    if (gone->topology != NULL) {
        topology_release(&gone->topology);
    }
    free(gone);
}
