#include "proxy/pubsub/feed.h"

#include <criterion/criterion.h>

#include "tests/unit/proxy/peer.h"

/* One feed to one node. */
static struct {
    struct reactor *reactor;
    struct intake intake;
    struct metrics metrics;
    struct pool_config config;
    struct feed_site site;
    struct peer peer;
    struct feed *feed;
    int said;
} rig;

static void on_ready(struct feed *feed UNUSED)
{
}

static void on_said(struct feed *feed UNUSED, struct span reply UNUSED)
{
    rig.said++;
}

static const struct feed_events events = {.ready = on_ready, .said = on_said, .closed = on_ready};

static void set_up(void)
{
    struct node node = {.address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"}};

    rig.reactor = reactor_new();
    rig.config.timeout_request = rig.config.timeout_connect = PEER_PATIENCE_US;
    rig.site = (struct feed_site){.reactor = rig.reactor,
                                  .intake = &rig.intake,
                                  .config = &rig.config,
                                  .metrics = &rig.metrics,
                                  .events = &events};
    peer_open(&rig.peer, rig.reactor);
    node.address.port = rig.peer.port;
    cr_assert(address_to_endpoint(&node.address, &node.endpoint));
    rig.feed = feed_new(&rig.site, &node);
}

static void tear_down(void)
{
    feed_free(&rig.feed);
    peer_clear(&rig.peer);
    intake_clear(&rig.intake);
    reactor_free(&rig.reactor);
    block_trim();
}

TestSuite(feed, .init = set_up, .fini = tear_down);

static void expect_quiet(void)
{
    for (int i = 0; i < PEER_QUIET_TURNS; i++) {
        turn(rig.reactor);
    }
    cr_expect_eq(rig.said, 0);
}

static void expect_heard_when_let_go(void)
{
    feed_hold(rig.feed, false);
    TURN_UNTIL(rig.reactor, rig.said == 1);
}

Test(feed, that_is_held_is_not_read_from)
{
    feed_connect(rig.feed);
    peer_accepts(&rig.peer);
    TURN_UNTIL(rig.reactor, rig.feed->state == FEED_READY);
    feed_hold(rig.feed, true);
    peer_says(&rig.peer, "+1\r\n");
    expect_quiet();
    expect_heard_when_let_go();
}

Test(feed, that_is_held_before_it_connects_greets_and_is_not_read_from)
{
    feed_hold(rig.feed, true);
    feed_connect(rig.feed);
    peer_accepts(&rig.peer);
    TURN_UNTIL(rig.reactor, rig.feed->state == FEED_READY);
    peer_says(&rig.peer, "+1\r\n");
    expect_quiet();
    expect_heard_when_let_go();
}

Test(feed, that_is_held_while_it_greets_ends_that_and_is_not_read_from)
{
    feed_connect(rig.feed);
    peer_accepts_silently(&rig.peer);
    TURN_UNTIL(rig.reactor, rig.feed->state == FEED_GREETING);
    feed_hold(rig.feed, true);
    peer_gets_greeting(&rig.peer);
    peer_welcomes(&rig.peer);
    TURN_UNTIL(rig.reactor, rig.feed->state == FEED_READY);
    peer_says(&rig.peer, "+1\r\n");
    expect_quiet();
    expect_heard_when_let_go();
}
