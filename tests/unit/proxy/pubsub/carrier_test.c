#include "proxy/pubsub/carrier.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/memory.h"
#include "proxy/pubsub/carrier_said.h"
#include "proxy/pubsub/hub.h"
#include "proxy/pubsub/tapping.h"
#include "tests/unit/proxy/peer.h"

/* One worker; of nodes there is the picture only, what they say is the test's. */
static struct {
    struct reactor *reactor;
    struct mailbox *mailbox;
    struct intake intake;
    struct metrics metrics;
    struct pool_config config;
    struct exchange *exchange;
    struct carrier *carrier;
} rig;

/* A picture of nodes `first` to 3. */
static struct topology *picture(unsigned first)
{
    struct topology *topology = topology_new();

    for (unsigned i = first; i <= 3; i++) {
        char id[NODE_ID_SIZE + 1];
        struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1", .port = 1};

        snprintf(id, sizeof id, "%040u", i);
        uint16_t index = topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE);
        cr_assert(address_to_endpoint(&address, &topology->nodes[index].endpoint));
    }
    return topology;
}

static void set_up(void)
{
    rig.reactor = reactor_new();
    rig.mailbox = mailbox_new(rig.reactor);
    rig.config.timeout_request = rig.config.timeout_connect = 60 * US_PER_SECOND;
    rig.exchange = exchange_new(1, "");
    exchange_open(rig.exchange, &(struct exchange_site){.mailbox = rig.mailbox,
                                                        .reactor = rig.reactor,
                                                        .intake = &rig.intake,
                                                        .config = &rig.config,
                                                        .metrics = &rig.metrics});
    rig.carrier = rig.exchange->places[0].carrier;
}

static void tear_down(void)
{
    mailbox_close(rig.mailbox);
    exchange_close(rig.exchange, 0);
    mailbox_free(&rig.mailbox);
    exchange_free(&rig.exchange);
    reactor_free(&rig.reactor);
    block_trim();
}

TestSuite(carrier, .init = set_up, .fini = tear_down);

static void drop(struct message *message)
{
    struct letter *letter = container_of(message, struct letter, message);

    letter_free(&letter);
}

/* As the hub writes it; nobody opens the answer. */
static struct letter *wishes(enum letter_wish wish, const struct topic *topic)
{
    struct letter *letter = memory_new(1, sizeof *letter);

    letter->message.drop = drop;
    letter->exchange = rig.exchange;
    letter->wish = wish;
    letter->topic = topic_keep(topic);
    return letter;
}

/* The tap of a channel that somebody has just joined; it stands. */
static struct tap *standing_tap(struct span channel)
{
    struct topic topic = topic_of(TOPIC_CHANNEL, channel);
    struct tap *tap;
    char text[64];

    carrier_take(rig.carrier, wishes(LETTER_JOIN, &topic));
    tap = container_of(list_first(&carrier_find(rig.carrier, &topic)->taps), struct tap, in_supply);
    cr_assert_eq(tap->state, TAP_ASKED);
    tap->feed->state = FEED_READY;
    tapping_begin(tap);
    snprintf(text, sizeof text, "*3\r\n$9\r\nsubscribe\r\n$%zu\r\n%.*s\r\n:1\r\n", channel.size,
             (int)channel.size, channel.at);
    carrier_on_said(tap->feed, span_of(text));
    cr_assert_eq(tap->state, TAP_STANDING);
    return tap;
}

/* What it has said may still be on its way to the node where the channel is heard next. */
Test(carrier, a_lost_nodes_channel_waits_for_the_bus_whatever_the_picture_says)
{
    struct tap *tap;

    carrier_adopt(rig.carrier, picture(1));
    tap = standing_tap(SPAN("news"));

    uint64_t lost_at = carrier_now(rig.carrier);

    carrier_adopt(rig.carrier, picture(2));
    cr_assert_eq(tap->state, TAP_WANTING);
    cr_expect_geq(tap->retry_at, lost_at + CARRIER_BUS_US);
    carrier_adopt(rig.carrier, picture(3));
    cr_expect_geq(tap->retry_at, lost_at + CARRIER_BUS_US);
}

/* Otherwise it is kept a while, for the next channel. */
Test(carrier, when_it_rests_what_serves_no_channel_goes_at_once)
{
    struct topic topic = topic_of(TOPIC_CHANNEL, SPAN("news"));

    carrier_adopt(rig.carrier, picture(1));
    struct feed *feed = standing_tap(SPAN("news"))->feed;
    carrier_take(rig.carrier, wishes(LETTER_LEAVE, &topic));
    carrier_on_said(feed, SPAN("*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n"));
    cr_assert(list_is_empty(&feed->taps));
    for (int i = 0; i < PEER_QUIET_TURNS; i++) {
        turn(rig.reactor);
    }
    cr_expect_not(list_is_empty(&rig.carrier->feeds));
    carrier_rest(rig.carrier);
    TURN_UNTIL(rig.reactor, list_is_empty(&rig.carrier->feeds));
}
