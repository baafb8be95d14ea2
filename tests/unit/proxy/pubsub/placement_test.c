#include "proxy/pubsub/placement.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>

enum { PRIMARIES = 3 };

static struct reactor *reactor;
static struct metrics metrics;
static struct feed_site site;
static struct list feeds;

static void no_event(struct feed *feed UNUSED)
{
}

static const struct feed_events events = {.closed = no_event};

static struct topology *picture(void)
{
    struct topology *topology = topology_new();

    for (uint16_t i = 0; i < PRIMARIES + 1; i++) {
        char id[NODE_ID_SIZE + 1];
        struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1", .port = 1};

        address.port = (uint16_t)(7000 + i);
        snprintf(id, sizeof id, "%040u", i + 1u);
        topology_add_node(topology, id, &address, i < PRIMARIES ? NODE_PRIMARY : NODE_REPLICA, 0);
        cr_assert(address_to_endpoint(&address, &topology->nodes[i].endpoint));
    }
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        topology->primary_of_slot[slot] = (uint16_t)(slot * PRIMARIES / SLOT_COUNT);
    }
    return topology;
}

static struct feed *make_feed(const struct topology *topology, uint16_t node)
{
    struct feed *feed = feed_new(&site, &topology->nodes[node]);

    list_append(&feeds, &feed->in_carrier);
    return feed;
}

static void set_up(void)
{
    reactor = reactor_new();
    site = (struct feed_site){.reactor = reactor, .metrics = &metrics, .events = &events};
    list_init(&feeds);
}

static void tear_down(void)
{
    LIST_EACH_SAFE (link, &feeds) {
        struct feed *feed = container_of(link, struct feed, in_carrier);

        feed_free(&feed);
    }
    reactor_free(&reactor);
}

TestSuite(placement, .init = set_up, .fini = tear_down);

/* Of node 0. */
enum { SLOT = 3300 };

static const struct placement wanted = {.slot = SLOT, .last = ""};
static const struct placement bound = {.slot = SLOT, .is_bound = true, .last = ""};

Test(placement, home_is_the_owner_of_the_slot)
{
    struct topology *topology = picture();

    cr_expect_eq(placement_home(topology, SLOT), &topology->nodes[0]);
    cr_expect_eq(placement_home(topology, SLOT_COUNT - 1), &topology->nodes[PRIMARIES - 1]);
    cr_expect_eq(placement_choose(topology, &feeds, &wanted), &topology->nodes[0]);
    cr_expect_null(placement_home(NULL, SLOT));
    topology_release(&topology);
}

Test(placement, what_is_not_bound_goes_elsewhere_while_its_home_cannot_be_reached)
{
    struct topology *topology = picture();
    struct feed *feed = make_feed(topology, 0);

    feed->retry_at = UINT64_MAX;
    const struct node *other = placement_choose(topology, &feeds, &wanted);
    cr_assert_not_null(other);
    cr_expect_neq(other, &topology->nodes[0]);
    cr_expect_eq(other->role, NODE_PRIMARY);
    cr_expect_null(placement_choose(topology, &feeds, &bound));
    feed->retry_at = 0;
    cr_expect_eq(placement_choose(topology, &feeds, &bound), &topology->nodes[0]);
    topology_release(&topology);
}

Test(placement, all_go_where_the_last_one_went_while_that_can_be_reached)
{
    struct topology *topology = picture();
    struct feed *feed = make_feed(topology, 2);
    struct placement next = {.slot = SLOT, .last = topology->nodes[2].id};

    cr_expect_eq(placement_choose(topology, &feeds, &next), &topology->nodes[2]);
    feed->retry_at = UINT64_MAX;
    cr_expect_eq(placement_choose(topology, &feeds, &next), &topology->nodes[0]);
    next.last = topology->nodes[PRIMARIES].id;
    cr_expect_eq(placement_choose(topology, &feeds, &next), &topology->nodes[0], "a replica");
    topology_release(&topology);
}

Test(placement, what_stays_goes_where_the_last_one_is_heard_though_that_is_a_replica)
{
    struct topology *topology = picture();
    const struct node *replica = &topology->nodes[PRIMARIES];
    struct feed *feed = make_feed(topology, PRIMARIES);
    struct placement next = {.slot = SLOT, .stays = true, .last = replica->id};

    cr_expect_eq(placement_choose(topology, &feeds, &next), &topology->nodes[0], "not connected");
    cr_expect_null(placement_heard(topology, &feeds, replica->id));
    feed->state = FEED_READY;
    cr_expect_eq(placement_choose(topology, &feeds, &next), replica);
    cr_expect_eq(placement_heard(topology, &feeds, replica->id), replica);
    cr_expect_null(placement_heard(topology, &feeds, topology->nodes[0].id));
    cr_expect_null(placement_heard(NULL, &feeds, replica->id));
    next.stays = false;
    cr_expect_eq(placement_choose(topology, &feeds, &next), &topology->nodes[0]);
    topology_release(&topology);
}

Test(placement, nobody_is_chosen_where_nobody_can_be_tried)
{
    struct topology *topology = picture();

    for (uint16_t i = 0; i < PRIMARIES; i++) {
        make_feed(topology, i)->retry_at = UINT64_MAX;
    }
    cr_expect_null(placement_choose(topology, &feeds, &wanted));
    cr_expect_null(placement_choose(NULL, &feeds, &wanted));
    topology_release(&topology);
}

Test(placement, a_slot_that_nobody_serves_is_no_hindrance_for_what_is_not_bound)
{
    struct topology *topology = picture();

    topology->primary_of_slot[SLOT] = NODE_NONE;
    cr_expect_not_null(placement_choose(topology, &feeds, &wanted));
    cr_expect_null(placement_choose(topology, &feeds, &bound));
    topology_release(&topology);
}

Test(placement, a_primary_is_found_by_its_id)
{
    struct topology *topology = picture();
    const struct node *nodes = topology->nodes;

    cr_expect_eq(placement_primary(topology, nodes[1].id), &nodes[1]);
    cr_expect_null(placement_primary(topology, nodes[PRIMARIES].id), "a replica");
    cr_expect_null(placement_primary(topology, ""));
    cr_expect_null(placement_primary(NULL, nodes[1].id));
    cr_expect(placement_accepts(&feeds, &nodes[1]));
    make_feed(topology, 1)->retry_at = UINT64_MAX;
    cr_expect_not(placement_accepts(&feeds, &nodes[1]));
    topology_release(&topology);
}

Test(placement, a_feed_fits_as_long_as_its_node_is_where_it_was)
{
    struct topology *topology = picture();
    struct topology *without = topology_new();
    struct feed *feed = make_feed(topology, 1);

    cr_expect(placement_feed_fits(topology, feed));
    cr_expect_eq(placement_feed(&feeds, &topology->nodes[1]), feed);
    cr_expect_null(placement_feed(&feeds, &topology->nodes[2]));
    cr_expect_not(placement_feed_fits(without, feed));
    ((struct sockaddr_in *)&topology->nodes[1].endpoint.storage)->sin_port = htons(1);
    cr_expect_not(placement_feed_fits(topology, feed));
    topology->nodes[1].endpoint.size = 0; /* its name has no answer just now */
    cr_expect(placement_feed_fits(topology, feed));
    topology_release(&topology);
    topology_release(&without);
}
