#include "proxy/pubsub/spread.h"

#include "common/check.h"
#include "proxy/pubsub/keyspace.h"
#include "proxy/pubsub/placement.h"
#include "proxy/pubsub/tapping.h"

static void set_home(struct carrier *carrier, struct supply *supply, struct tap *home)
{
    struct metrics *metrics = carrier->site.metrics;

    if (supply->home == NULL && home != NULL) {
        metric_add(&metrics->pubsub_topics, 1);
    } else if (supply->home != NULL && home == NULL) {
        metric_subtract(&metrics->pubsub_topics, 1);
        supply->home_from = carrier_now(carrier) + CARRIER_BUS_US;
    }
    supply->home = home;
}

void spread_let_go(struct carrier *carrier, struct tap *tap)
{
    struct supply *supply = tap->supply;

    if (supply->home == tap) {
        set_home(carrier, supply, NULL);
        carrier_look_soon(carrier);
    }
    if (supply->heir == tap) {
        supply->heir = NULL;
        supply->home_from = carrier_now(carrier) + CARRIER_BUS_US;
    }
}

void spread_hand_over(struct carrier *carrier, struct tap *tap)
{
    struct supply *supply = tap->supply;

    if (supply->heir == tap) {
        supply->heir = NULL;
        set_home(carrier, supply, tap);
        spread_look(carrier, supply);
    }
}

/* Who waits does so for half its time at most, if there is anything to tell. */
static bool is_overdue(const struct carrier *carrier, const struct supply *supply)
{
    return !list_is_empty(&supply->joins) &&
           carrier_now(carrier) - supply->asked_at > carrier->site.config->timeout_request / 2;
}

/* Is there a tap that is not there yet, but soon may be? */
static bool is_awaited(const struct carrier *carrier, const struct supply *supply,
                       const struct tap *tap)
{
    return tap->is_due && tap->state != TAP_STANDING && tapping_is_hopeful(carrier, tap) &&
           !is_overdue(carrier, supply);
}

static struct tap *standing_tap(const struct supply *supply)
{
    LIST_EACH (link, &supply->taps) {
        struct tap *tap = container_of(link, struct tap, in_supply);

        if (tap->state == TAP_STANDING) {
            return tap;
        }
    }
    return NULL;
}

/* One that stands, for all that the bus brings; what else is lost goes there, too. NULL: none. */
static struct tap *take_refuge(struct carrier *carrier, const struct supply *supply)
{
    struct tap *tap = standing_tap(supply);

    if (tap != NULL) {
        tapping_take_bus(carrier, tap->node);
    }
    return tap;
}

/* The one at the node where all that the bus brings is heard, for the order of it. NULL: none now.
 */
static struct tap *choose_home(struct carrier *carrier, const struct supply *supply)
{
    const struct node *node = tapping_choose(carrier, supply);
    struct tap *preferred = node == NULL ? NULL : supply_tap_for(supply, node->id);

    if (preferred != NULL && preferred->state == TAP_STANDING) {
        return preferred;
    }
    if (preferred != NULL && is_awaited(carrier, supply, preferred)) {
        return NULL;
    }
    return take_refuge(carrier, supply);
}

static void find_wide_home(struct carrier *carrier, struct supply *supply)
{
    struct tap *tap;

    if (supply->home_from > carrier_now(carrier)) {
        return;
    }
    tap = choose_home(carrier, supply);
    if (tap == NULL) {
        return;
    }
    if (supply->home_from == 0) {
        set_home(carrier, supply, tap);
    } else {
        supply->heir = tap;
        tapping_begin(tap);
    }
}

static void find_home(struct carrier *carrier, struct supply *supply)
{
    if (supply->reach == REACH_EVERY) {
        find_wide_home(carrier, supply);
    } else {
        set_home(carrier, supply, standing_tap(supply));
    }
}

static bool is_settled(const struct carrier *carrier, const struct supply *supply)
{
    if (supply->home == NULL) {
        return false;
    }
    LIST_EACH (link, &supply->taps) {
        if (is_awaited(carrier, supply, container_of(link, struct tap, in_supply))) {
            return false;
        }
    }
    return true;
}

void spread_look(struct carrier *carrier, struct supply *supply)
{
    if (supply->home == NULL && supply->heir == NULL) {
        find_home(carrier, supply);
    }
    if (!list_is_empty(&supply->joins) && is_settled(carrier, supply)) {
        carrier_post_all(carrier);
        supply_answer(&supply->joins, LETTER_STANDS, (struct span){"", 0});
    }
}

bool spread_is_busy(const struct supply *supply)
{
    return supply->worker_count > 0 && (supply->home == NULL || !list_is_empty(&supply->joins));
}

static void cover_primaries(struct carrier *carrier, struct supply *supply)
{
    const struct topology *topology = carrier->topology;

    for (uint32_t i = 0; topology != NULL && i < topology->node_count; i++) {
        const struct node *node = &topology->nodes[i];

        if (node->role == NODE_PRIMARY && supply_tap_for(supply, node->id) == NULL) {
            tapping_add(carrier, supply, node->id);
        }
    }
}

static void uncover_others(struct carrier *carrier, struct supply *supply)
{
    LIST_EACH_SAFE (link, &supply->taps) {
        struct tap *tap = container_of(link, struct tap, in_supply);

        tap->is_due = placement_primary(carrier->topology, tap->node) != NULL;
        if (!tap->is_due && tap != supply->home) {
            tapping_end(carrier, tap);
        }
    }
}

void spread_over(struct carrier *carrier, struct supply *supply)
{
    if (supply->reach == REACH_EVERY) {
        uncover_others(carrier, supply);
        if (supply->worker_count > 0) {
            cover_primaries(carrier, supply);
        }
    } else if (list_is_empty(&supply->taps)) {
        tapping_add(carrier, supply, "");
    }
    spread_finish(carrier, supply);
}

void spread_end(struct carrier *carrier, struct supply *supply)
{
    CHECK(supply->worker_count == 0);
    LIST_EACH_SAFE (link, &supply->taps) {
        tapping_end(carrier, container_of(link, struct tap, in_supply));
    }
    spread_finish(carrier, supply);
}

void spread_finish(struct carrier *carrier, struct supply *supply)
{
    if (!supply_has_tap(supply, TAP_ENDING)) {
        supply_answer(&supply->leaves, LETTER_ENDED, (struct span){"", 0});
    }
    if (supply->worker_count == 0 && list_is_empty(&supply->taps)) {
        carrier_forget(carrier, supply);
    }
}

bool spread_hears(const struct tap *tap, struct span channel)
{
    const struct supply *supply = tap->supply;
    struct span rest;

    if (tap->state != TAP_STANDING) {
        return false;
    }
    if (supply->reach == REACH_EVERY && keyspace_of(channel, &rest) != KEYSPACE_NONE) {
        return tap->is_due;
    }
    return tap == supply->home;
}
