#include "proxy/pubsub/carrier.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/pubsub/carrier_said.h"
#include "proxy/pubsub/placement.h"

enum {
    SOON_US = US_PER_MS,
    BUSY_TICK_US = 20 * US_PER_MS,
    IDLE_TICK_US = 250 * US_PER_MS,
    UNPLACED_US = 50 * US_PER_MS,
    BUS_US = 100 * US_PER_MS,
    UNUSED_US = 5 * US_PER_SECOND,
    IN_TRANSIT_MAX = 8 * 1024 * 1024,
};

static uint64_t now_of(const struct carrier *carrier)
{
    return reactor_now(carrier->site.reactor);
}

static void carrier_look_soon(struct carrier *carrier)
{
    reactor_timer_start(&carrier->tick, SOON_US);
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

static void carrier_note_gap(struct carrier *carrier, struct supply *supply)
{
    metric_add(&carrier->site.metrics->pubsub_gaps_total, 1);
    if (supply->lost_at == 0) {
        supply->lost_at = now_of(carrier);
        carrier->lost_count++;
    }
}

/* Returns how long it was, in microseconds; 0: there was none. */
static uint64_t carrier_end_gap(struct carrier *carrier, struct supply *supply)
{
    uint64_t gap = supply->lost_at == 0 ? 0 : now_of(carrier) - supply->lost_at + 1;

    if (supply->lost_at != 0) {
        carrier->lost_count--;
        supply->lost_at = 0;
    }
    return gap;
}

/* It is at no node any more. */
static void carrier_unstand(struct carrier *carrier, struct supply *supply)
{
    if (supply->state == SUPPLY_STANDING) {
        carrier->standing--;
        metric_subtract(&carrier->site.metrics->pubsub_topics, 1);
    }
    if (supply->feed != NULL) {
        tally_stand(carrier->exchange->tally, &supply->topic, NULL);
        supply->feed->used_at = now_of(carrier);
        supply->feed = NULL;
    }
}

void carrier_lose(struct carrier *carrier, struct supply *supply, uint64_t pause)
{
    if (supply->state == SUPPLY_STANDING) {
        carrier_note_gap(carrier, supply);
    }
    carrier_unstand(carrier, supply);
    supply_become(supply, SUPPLY_WANTING);
    supply->retry_at = now_of(carrier) + pause;
    list_move(&carrier->wanting, &supply->in_list);
    carrier_look_soon(carrier);
}

static void carrier_remove(struct carrier *carrier, struct supply *supply)
{
    (void)carrier_end_gap(carrier, supply);
    table_remove(&carrier->supplies, &supply->in_carrier);
    supply_free(&supply);
}

void carrier_ended(struct carrier *carrier, struct supply *supply)
{
    carrier_unstand(carrier, supply);
    if (supply->state != SUPPLY_WANTING) {
        supply_become(supply, SUPPLY_WANTING);
        list_move(&carrier->wanting, &supply->in_list);
    }
    supply_answer(&supply->leaves, LETTER_ENDED, (struct span){"", 0});
    if (supply->worker_count == 0) {
        carrier_remove(carrier, supply);
        return;
    }
    supply->retry_at = now_of(carrier);
    carrier_place(carrier, supply);
}

void carrier_begin(struct supply *supply)
{
    feed_say(supply->feed, &supply->begin, topic_verb(supply->topic.kind), supply->topic.name);
}

void carrier_end(struct carrier *carrier, struct supply *supply)
{
    struct feed *feed = supply->feed;

    if (supply->state == SUPPLY_STANDING) {
        carrier->standing--;
        metric_subtract(&carrier->site.metrics->pubsub_topics, 1);
        if (supply->worker_count > 0) {
            carrier_note_gap(carrier, supply);
        }
    }
    supply_become(supply, SUPPLY_ENDING);
    if (feed->state == FEED_READY) {
        feed_say(feed, &supply->end, topic_end_verb(supply->topic.kind), supply->topic.name);
    } else {
        carrier_ended(carrier, supply);
    }
}

/* Has its slot got another owner since it was asked for? */
static bool supply_is_astray(const struct carrier *carrier, const struct supply *supply)
{
    uint16_t slot = exchange_slot(carrier->exchange, &supply->topic);
    const struct node *home = placement_home(carrier->topology, slot);

    return supply->topic.kind == TOPIC_SHARD && home != NULL &&
           strcmp(home->id, supply->feed->id) != 0;
}

void carrier_stand(struct carrier *carrier, struct supply *supply)
{
    uint64_t gap = carrier_end_gap(carrier, supply);

    if (gap > 0 && carrier->lost_count == 0) {
        log_info("subscriptions stand again", "gap_ms=%" PRIu64, gap / US_PER_MS);
    }
    supply_become(supply, SUPPLY_STANDING);
    carrier->standing++;
    metric_add(&carrier->site.metrics->pubsub_topics, 1);
    supply->refusals = 0;
    tally_stand(carrier->exchange->tally, &supply->topic, supply->feed->id);
    supply_answer(&supply->joins, LETTER_STANDS, (struct span){"", 0});
    if (supply_is_astray(carrier, supply)) {
        carrier_end(carrier, supply);
    }
}

static struct feed *carrier_feed(struct carrier *carrier, const struct node *node)
{
    struct feed *feed = placement_feed(&carrier->feeds, node);

    if (feed == NULL) {
        feed = feed_new(&carrier->site, node);
        feed->is_held = carrier->is_held;
        list_append(&carrier->feeds, &feed->in_carrier);
    }
    return feed;
}

/* NULL: none can be had now. */
static const struct node *carrier_choose(struct carrier *carrier, const struct topic *topic)
{
    bool is_shards = topic->kind == TOPIC_SHARD;
    const struct placement wanted = {.slot = exchange_slot(carrier->exchange, topic),
                                     .is_bound = is_shards,
                                     .last = is_shards ? "" : carrier->bus_node};
    const struct node *node = placement_choose(carrier->topology, &carrier->feeds, &wanted);

    if (node != NULL && !is_shards) {
        memcpy(carrier->bus_node, node->id, sizeof carrier->bus_node);
    }
    return node;
}

void carrier_place(struct carrier *carrier, struct supply *supply)
{
    uint64_t now = now_of(carrier);
    const struct node *node;

    CHECK(supply->state == SUPPLY_WANTING);
    carrier_look_soon(carrier);
    if (supply->retry_at > now) {
        return;
    }
    node = carrier_choose(carrier, &supply->topic);
    if (node == NULL) {
        supply->retry_at = now + UNPLACED_US;
        if (carrier->discovery != NULL) {
            discovery_hint(carrier->discovery, HINT_UNBOUND);
        }
        return;
    }
    supply->feed = carrier_feed(carrier, node);
    supply_become(supply, SUPPLY_ASKED);
    list_move(&supply->feed->supplies, &supply->in_list);
    if (supply->feed->state == FEED_READY) {
        carrier_begin(supply);
    } else {
        feed_connect(supply->feed);
    }
}

static void carrier_on_ready(struct feed *feed)
{
    LIST_EACH (link, &feed->supplies) {
        carrier_begin(container_of(link, struct supply, in_list));
    }
}

/* What a node has said and then dies may still be on its way to the others over the cluster's bus:
 * whoever subscribed there at once would hear it again. */
static uint64_t loss_pause(const struct supply *supply)
{
    bool is_on_bus = supply->topic.kind != TOPIC_SHARD && supply->state == SUPPLY_STANDING;

    return is_on_bus ? BUS_US : 0;
}

static void carrier_on_closed(struct feed *feed)
{
    struct carrier *carrier = feed->site->carrier;
    uint32_t before = carrier->standing;
    struct list supplies;
    struct list_link *link;

    list_init(&supplies);
    list_splice(&supplies, &feed->supplies);
    while ((link = list_first(&supplies)) != NULL) {
        struct supply *supply = container_of(link, struct supply, in_list);

        if (supply->state == SUPPLY_ENDING) {
            carrier_ended(carrier, supply);
        } else {
            carrier_lose(carrier, supply, loss_pause(supply));
        }
    }
    if (carrier->standing < before) {
        log_warn("subscriptions lost their node", "node=%s topics=%" PRIu32, feed->name,
                 before - carrier->standing);
    }
    if (carrier->discovery != NULL) {
        discovery_hint(carrier->discovery, HINT_UNREACHABLE);
    }
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

static void carrier_on_post(struct turn_task *task)
{
    struct carrier *carrier = container_of(task, struct carrier, post);

    for (size_t i = 0; i < carrier->exchange->worker_count; i++) {
        carrier_post_to(carrier, i);
    }
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

static void carrier_join(struct carrier *carrier, struct letter *letter)
{
    struct supply *supply = carrier_find(carrier, &letter->topic);

    if (supply == NULL) {
        supply = supply_new(&letter->topic, carrier->exchange->worker_count);
        table_add(&carrier->supplies, &supply->in_carrier, supply->topic.hash);
        list_append(&carrier->wanting, &supply->in_list);
        carrier_place(carrier, supply);
    }
    supply_set(supply, letter->worker, true);
    if (supply->state != SUPPLY_STANDING) {
        list_append(&supply->joins, &letter->in_list);
        return;
    }
    /* What came before is not for whoever joins now. */
    carrier_post_to(carrier, letter->worker);
    letter_answer(&letter, LETTER_STANDS, (struct span){"", 0});
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
    switch (supply->state) {
    case SUPPLY_WANTING: carrier_ended(carrier, supply); return;
    case SUPPLY_ASKED:
    case SUPPLY_STANDING: carrier_end(carrier, supply); return;
    case SUPPLY_ENDING: return;
    }
}

void carrier_take(struct carrier *carrier, struct letter *letter)
{
    block_bill(carrier->site.intake->account);
    switch (letter->wish) {
    case LETTER_JOIN: carrier_join(carrier, letter); return;
    case LETTER_LEAVE: carrier_leave(carrier, letter); return;
    }
}

static void carrier_look_at_feeds(struct carrier *carrier)
{
    LIST_EACH_SAFE (link, &carrier->feeds) {
        struct feed *feed = container_of(link, struct feed, in_carrier);

        feed_look(feed);
        if (list_is_empty(&feed->supplies) && feed->used_at + UNUSED_US < now_of(carrier)) {
            feed_free(&feed);
        }
    }
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
    LIST_EACH_SAFE (wanting, &carrier->wanting) {
        carrier_place(carrier, container_of(wanting, struct supply, in_list));
    }
    reactor_timer_stop(timer);
    if (carrier->is_held || !list_is_empty(&carrier->wanting)) {
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
    LIST_EACH_SAFE (link, &feed->supplies) {
        struct supply *supply = container_of(link, struct supply, in_list);

        if (supply->state == SUPPLY_STANDING && supply_is_astray(carrier, supply)) {
            carrier_end(carrier, supply);
        }
    }
}

void carrier_adopt(struct carrier *carrier, struct topology *topology)
{
    if (carrier->topology != NULL) {
        topology_release(&carrier->topology);
    }
    carrier->topology = topology;
    LIST_EACH_SAFE (link, &carrier->feeds) {
        carrier_adopt_feed(carrier, container_of(link, struct feed, in_carrier));
    }
    LIST_EACH (link, &carrier->wanting) {
        container_of(link, struct supply, in_list)->retry_at = now_of(carrier);
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
    carrier->site = (struct feed_site){site->reactor, site->intake, site->config,
                                       site->metrics, &events,      carrier};
    list_init(&carrier->wanting);
    list_init(&carrier->feeds);
    carrier->post.run = carrier_on_post;
    reactor_timer_init(&carrier->tick, site->reactor, carrier_on_tick);
    return carrier;
}

static void carrier_drop_all(struct carrier *carrier, struct list *supplies)
{
    struct list_link *link;

    while ((link = list_first(supplies)) != NULL) {
        struct supply *supply = container_of(link, struct supply, in_list);

        for (size_t i = 0; i < carrier->exchange->worker_count; i++) {
            supply_forget_joins(supply, i);
        }
        supply_answer(&supply->leaves, LETTER_ENDED, (struct span){"", 0});
        supply->feed = NULL;
        supply->lost_at = 0;
        carrier_remove(carrier, supply);
    }
}

void carrier_free(struct carrier **carrier)
{
    struct carrier *gone = *carrier;

    *carrier = NULL;
    LIST_EACH_SAFE (link, &gone->feeds) {
        struct feed *feed = container_of(link, struct feed, in_carrier);

        carrier_drop_all(gone, &feed->supplies);
        feed_free(&feed);
    }
    carrier_drop_all(gone, &gone->wanting);
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
