/* Publish and subscribe: one subscription at a node for all clients, acknowledged when it stands,
 * made anew when it is lost, and nobody waits for a slow one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/resp.h"
#include "tests/support/rig.h"

TestSuite(pubsub, .timeout = 180, .fini = rig_clean_up);

#define MESSAGE     "*3\r\n$7\r\nmessage\r\n$1\r\n%s\r\n$1\r\n%s\r\n"
#define SUBSCRIBED  "*3\r\n$9\r\nsubscribe\r\n$1\r\n%s\r\n:1\r\n"
#define SSUBSCRIBED "*3\r\n$10\r\nssubscribe\r\n$1\r\n%s\r\n:1\r\n"

/* With two nodes, slot 3300 of "b" is at home at node 0, 15495 of "a" at node 1. */
enum { NODE_OF_B = 0, NODE_OF_A = 1 };

/* The node where slotway hears and publishes what is no shard's. */
static int bus;

/* As every node does for a shard's channel of another's slot. */
static bool moved(const struct fake_command *command, struct bytes *to)
{
    int slot = resp_slot(command->arguments[1]);
    int owner = fake_cluster_owner(command->cluster, slot);

    if (owner != command->index) {
        bytes_print(to, "-MOVED %d %s\r\n", slot, fake_cluster_address(command->cluster, owner));
    }
    return owner != command->index;
}

/* What a node answers that is not in a test's script: each subscription at once, and PING. */
static void answer(void *context UNUSED, const struct fake_command *command, struct bytes *to)
{
    static const char *const verbs[] = {"subscribe",   "psubscribe",   "ssubscribe",
                                        "unsubscribe", "punsubscribe", "sunsubscribe"};
    struct span verb = command->arguments[0];

    if (span_equal_nocase(verb, SPAN("PING"))) {
        bytes_print(to, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    } else if (span_equal_nocase(verb, SPAN("PUBLISH")) ||
               span_equal_nocase(verb, SPAN("SPUBLISH"))) {
        bytes_print(to, ":1\r\n");
    } else if (span_equal_nocase(verb, SPAN("GET"))) {
        bytes_print(to, "$1\r\nv\r\n");
    } else if (span_equal_nocase(verb, SPAN("SSUBSCRIBE")) && moved(command, to)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (span_equal_nocase(verb, span_of(verbs[i]))) {
            struct span name = command->arguments[1];

            bytes_print(to, "*3\r\n$%zu\r\n%s\r\n$%zu\r\n%.*s\r\n:1\r\n", strlen(verbs[i]),
                        verbs[i], name.size, (int)name.size, name.at);
        }
    }
}

static struct rig *start(struct rig_options options)
{
    struct rig *rig;

    options.nodes = options.nodes == 0 ? 2 : options.nodes;
    rig = rig_start_with(options);
    for (int i = 0; i < options.nodes; i++) {
        fake_node_handle(rig_node(rig, i), answer, NULL);
    }
    bus = fake_cluster_owner(rig_cluster(rig), rig_bus_slot(rig));
    return rig;
}

/* A client of its own in RESP3. */
static struct wire *connect_resp3(struct rig *rig)
{
    struct wire *wire = rig_connect(rig);

    wire_request(wire, "HELLO", "3");
    cr_assert_not_null(wire_reply(wire, NULL));
    return wire;
}

static const char *subscribe(struct wire *wire, const char *verb, const char *name)
{
    return wire_ask(wire, verb, name);
}

Test(pubsub, is_acknowledged_when_the_node_has_acknowledged_and_not_before)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    script(rig, bus, WANT("subscribe", "b"), SAY_LATER(SUBSCRIBED MESSAGE, "b", "b", "1"));
    wire_request(wire, "SUBSCRIBE", "b");
    cr_assert(fake_node_has_stalled(rig_node(rig, bus)));
    cr_expect_str_eq(ask(rig, "GET", "k"), "v", "others do not wait");
    cr_expect_not(wire_has_input(wire));
    fake_node_release(rig_node(rig, bus));
    cr_expect_str_eq(wire_text(wire), "[subscribe b 1]");
    cr_expect_str_eq(wire_text(wire), "[message b 1]");
    rig_stop(&rig);
}

Test(pubsub, one_subscription_at_the_node_serves_all_clients_of_all_workers)
{
    enum { CLIENTS = 20 };
    struct rig *rig = start((struct rig_options){.workers = 3});
    struct wire *wires[CLIENTS];

    script(rig, bus, WANT("subscribe", "b"), SAY(SUBSCRIBED, "b"),
           SAY_LATER(MESSAGE MESSAGE, "b", "1", "b", "2"));
    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(subscribe(wires[i], "SUBSCRIBE", "b"), "[subscribe b 1]");
    }
    cr_assert(fake_node_has_stalled(rig_node(rig, bus)));
    fake_node_release(rig_node(rig, bus));
    for (int i = 0; i < CLIENTS; i++) {
        cr_expect_str_eq(wire_text(wires[i]), "[message b 1]");
        cr_expect_str_eq(wire_text(wires[i]), "[message b 2]");
    }
    cr_expect_eq(fake_node_count(rig_node(rig, bus), "subscribe"), 1);
    cr_expect_eq(metric(rig, "pubsub_topics"), 1);
    cr_expect_eq(metric(rig, "pubsub_subscriptions"), CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        rig_disconnect(rig, &wires[i]);
    }
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, bus), "unsubscribe b") == 1));
    cr_expect(WAIT_FOR(metric(rig, "pubsub_topics") == 0));
    rig_stop(&rig);
}

Test(pubsub, counts_and_acks_are_those_of_redis)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    wire_send_lines(wire, "SUBSCRIBE a b a|PSUBSCRIBE x* y*|SSUBSCRIBE s|UNSUBSCRIBE b nothing|"
                          "SUNSUBSCRIBE|SUNSUBSCRIBE|PUNSUBSCRIBE x*|UNSUBSCRIBE|PUNSUBSCRIBE|"
                          "UNSUBSCRIBE");
    static const char *const replies[] = {
        "[subscribe a 1]",        "[subscribe b 2]",         "[subscribe a 2]",
        "[psubscribe x* 3]",      "[psubscribe y* 4]",       "[ssubscribe s 1]",
        "[unsubscribe b 3]",      "[unsubscribe nothing 3]", "[sunsubscribe s 0]",
        "[sunsubscribe (nil) 0]", "[punsubscribe x* 2]",     "[unsubscribe a 1]",
        "[punsubscribe y* 0]",    "[unsubscribe (nil) 0]",
    };
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        cr_expect_str_eq(wire_text(wire), replies[i]);
    }
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "v");
    rig_stop(&rig);
}

static const struct {
    const char *line;
    const char *reply;
} restricted[] = {
    {"PING", "[pong ]"},
    {"PING hello", "[pong hello]"},
    {"GET k", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
              "RESET are allowed in this context"},
    {"CLIENT ID", "-ERR Can't execute 'client|id': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                  "QUIT / RESET are allowed in this context"},
    {"NOTHING", "-ERR unknown command 'NOTHING', with args beginning with: "},
    {"GET", "-ERR wrong number of arguments for 'get' command"},
    {"RESET", "RESET"},
    {"GET k", "v"},
    {"PING", "PONG"},
};

Test(pubsub, a_subscriber_in_resp2_may_do_little_until_reset)
{
    struct rig *rig = start((struct rig_options){.workers = 1});
    struct wire *wire = rig_connect(rig);

    cr_expect_str_eq(subscribe(wire, "SUBSCRIBE", "b"), "[subscribe b 1]");
    for (size_t i = 0; i < ARRAY_LEN(restricted); i++) {
        wire_send_requests(wire, restricted[i].line);
        cr_expect_str_eq(wire_text(wire), restricted[i].reply, "%s", restricted[i].line);
    }
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, bus), "unsubscribe b") == 1));
    rig_stop(&rig);
}

Test(pubsub, in_resp3_messages_are_pushes_between_whole_replies)
{
    struct rig *rig = start((struct rig_options){.workers = 1});
    struct wire *wire = connect_resp3(rig);

    script(rig, bus, WANT("subscribe", "b"), SAY(SUBSCRIBED, "b"));
    script(rig, NODE_OF_B, WANT("GET", "b"), STALL);
    wire_request(wire, "SUBSCRIBE", "b");
    wire_expect(wire, ">3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:1\r\n");
    wire_request(wire, "GET", "b");
    cr_assert(fake_node_has_stalled(rig_node(rig, NODE_OF_B)));
    wire_request(wire, "PING");
    wire_request(wire, "UNSUBSCRIBE", "b");
    wire_request(wire, "UNSUBSCRIBE");
    script(rig, NODE_OF_B, SAY("$1\r\nw\r\n"));
    fake_node_release(rig_node(rig, NODE_OF_B));
    wire_expect(wire, "$1\r\nw\r\n+PONG\r\n>3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n"
                      ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n");
    rig_stop(&rig);
}

Test(pubsub, each_client_hears_a_message_in_its_own_protocol)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *two = rig_connect(rig);
    struct wire *three = connect_resp3(rig);

    script(rig, bus, WANT("subscribe", "b"), SAY(SUBSCRIBED, "b"), SAY_LATER(MESSAGE, "b", "1"));
    cr_expect_str_eq(subscribe(two, "SUBSCRIBE", "b"), "[subscribe b 1]");
    wire_request(three, "SUBSCRIBE", "b");
    wire_expect(three, ">3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:1\r\n");
    cr_assert(fake_node_has_stalled(rig_node(rig, bus)));
    fake_node_release(rig_node(rig, bus));
    wire_expect(two, "*3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$1\r\n1\r\n");
    wire_expect(three, ">3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$1\r\n1\r\n");
    rig_stop(&rig);
}

Test(pubsub, a_refusal_of_the_node_is_the_clients_answer_and_leaves_it_free)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    script(rig, bus, WANT("subscribe", "b"), SAY("-NOPERM this user has no permissions\r\n"));
    wire_request(wire, "SUBSCRIBE", "a", "b");
    cr_expect_str_eq(wire_text(wire), "[subscribe a 1]");
    cr_expect_str_eq(wire_text(wire), "-NOPERM this user has no permissions");
    cr_expect_str_eq(wire_ask(wire, "UNSUBSCRIBE", "a"), "[unsubscribe a 0]");
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "v");
    cr_expect_eq(fake_node_count(rig_node(rig, bus), "unsubscribe b"), 0);
    rig_stop(&rig);
}

Test(pubsub, no_node_in_time_is_an_error_and_no_subscription)
{
    struct rig *rig = start((struct rig_options){.workers = 1, .request_timeout = "500ms"});
    struct wire *wire = rig_connect(rig);

    script(rig, bus, WANT("subscribe", "b"), STALL);
    wire_request(wire, "SUBSCRIBE", "b");
    cr_expect_str_eq(wire_text(wire), "-ERR proxy: no node took the subscription in time");
    cr_expect_str_eq(wire_ask(wire, "PING"), "PONG", "it is no subscriber");
    cr_expect_eq(metric(rig, "pubsub_subscriptions"), 0);
    fake_node_release(rig_node(rig, bus));
    rig_stop(&rig);
}

Test(pubsub, who_leaves_while_it_waits_is_forgotten)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    script(rig, bus, WANT("subscribe", "b"), SAY_LATER(SUBSCRIBED, "b"));
    wire_request(wire, "SUBSCRIBE", "b");
    cr_assert(fake_node_has_stalled(rig_node(rig, bus)));
    wire_reset_on_close(wire);
    rig_disconnect(rig, &wire);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    fake_node_release(rig_node(rig, bus));
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, bus), "unsubscribe b") == 1));
    rig_stop(&rig);
}

/* Its home is dead for a while: a channel is heard elsewhere meanwhile. */
Test(pubsub, a_channel_whose_node_dies_is_heard_at_another_without_a_word)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    cr_expect_str_eq(subscribe(wire, "SUBSCRIBE", "b"), "[subscribe b 1]");
    script(rig, 1 - bus, WANT("subscribe", "b"), SAY(SUBSCRIBED MESSAGE, "b", "b", "9"));
    fake_node_die(rig_node(rig, bus));
    cr_expect_str_eq(wire_text(wire), "[message b 9]");
    cr_expect_eq(metric(rig, "pubsub_gaps_total"), 1);
    fake_node_return(rig_node(rig, bus));
    cr_expect_str_eq(wire_ask(wire, "PING"), "[pong ]");
    rig_stop(&rig);
}

Test(pubsub, a_shards_channel_waits_for_the_owner_of_its_slot)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    cr_expect_str_eq(subscribe(wire, "SSUBSCRIBE", "b"), "[ssubscribe b 1]");
    fake_node_die(rig_node(rig, NODE_OF_B));
    cr_expect(WAIT_FOR(metric(rig, "pubsub_topics") == 0));
    fake_node_return(rig_node(rig, NODE_OF_B));
    cr_expect(WAIT_FOR(metric(rig, "pubsub_topics") == 1));
    cr_expect_eq(fake_node_count(rig_node(rig, NODE_OF_B), "ssubscribe b"), 2);
    cr_expect_eq(fake_node_count(rig_node(rig, NODE_OF_A), "ssubscribe b"), 0);
    cr_expect_not(wire_has_input(wire));
    rig_stop(&rig);
}

/* As a server does when the slot has gone: it says sunsubscribe of its own accord. */
Test(pubsub, a_shards_channel_follows_its_slot_when_the_node_ends_it)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    script(rig, NODE_OF_B, WANT("ssubscribe", "b"), SAY(SSUBSCRIBED, "b"),
           SAY_LATER("*3\r\n$12\r\nsunsubscribe\r\n$1\r\nb\r\n:0\r\n"));
    cr_expect_str_eq(subscribe(wire, "SSUBSCRIBE", "b"), "[ssubscribe b 1]");
    cr_assert(fake_node_has_stalled(rig_node(rig, NODE_OF_B)));
    script(rig, NODE_OF_A, WANT("ssubscribe", "b"),
           SAY(SSUBSCRIBED "*3\r\n$8\r\nsmessage\r\n$1\r\nb\r\n$1\r\n1\r\n", "b"));
    fake_cluster_give(rig_cluster(rig), 3300, 3300, NODE_OF_A);
    fake_node_release(rig_node(rig, NODE_OF_B));
    cr_expect_str_eq(wire_text(wire), "[smessage b 1]");
    rig_stop(&rig);
}

Test(pubsub, moved_is_followed_when_the_map_says_so_and_not_shown)
{
    struct rig *rig = start((struct rig_options){.workers = 2, .refresh = "60s"});
    struct wire *wire = rig_connect(rig);

    fake_cluster_give(rig_cluster(rig), 3300, 3300, NODE_OF_A);
    cr_expect_str_eq(subscribe(wire, "SSUBSCRIBE", "b"), "[ssubscribe b 1]");
    cr_expect_gt(fake_node_count(rig_node(rig, NODE_OF_B), "ssubscribe b"), 0);
    cr_expect_eq(fake_node_count(rig_node(rig, NODE_OF_A), "ssubscribe b"), 1);
    rig_stop(&rig);
}

/* A changed map alone moves it: first the end at the old node, then the beginning at the new one.
 */
Test(pubsub, a_shards_channel_is_never_heard_at_two_nodes)
{
    struct rig *rig = start((struct rig_options){.workers = 1, .refresh = "100ms"});
    struct wire *wire = rig_connect(rig);

    script(rig, NODE_OF_B, WANT("ssubscribe", "b"), SAY(SSUBSCRIBED, "b"),
           WANT("sunsubscribe", "b"), SAY_LATER("*3\r\n$12\r\nsunsubscribe\r\n$1\r\nb\r\n:0\r\n"));
    cr_expect_str_eq(subscribe(wire, "SSUBSCRIBE", "b"), "[ssubscribe b 1]");
    fake_cluster_give(rig_cluster(rig), 3300, 3300, NODE_OF_A);
    cr_assert(fake_node_has_stalled(rig_node(rig, NODE_OF_B)));
    cr_expect_eq(fake_node_count(rig_node(rig, NODE_OF_A), "ssubscribe b"), 0);
    fake_node_release(rig_node(rig, NODE_OF_B));
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, NODE_OF_A), "ssubscribe b") == 1));
    cr_expect(WAIT_FOR(metric(rig, "pubsub_topics") == 1));
    rig_stop(&rig);
}

Test(pubsub, a_silent_node_is_left_for_another)
{
    struct rig *rig = start((struct rig_options){.workers = 1});
    struct wire *wire = rig_connect(rig);

    cr_expect_str_eq(subscribe(wire, "SUBSCRIBE", "b"), "[subscribe b 1]");
    fake_node_pause(rig_node(rig, bus));
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 1 - bus), "subscribe b") == 1));
    cr_expect_gt(rig_metric(rig, "upstream_closed_total", "stalled"), 0);
    fake_node_resume(rig_node(rig, bus));
    rig_stop(&rig);
}

Test(pubsub, channels_of_several_slots_are_not_one_shards)
{
    struct rig *rig = start((struct rig_options){.workers = 1});

    EXPECT_STARTS(ask(rig, "SSUBSCRIBE", "a", "b"), "-CROSSSLOT ");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    rig_stop(&rig);
}

/* As on one server: what is heard and published at one node keeps its order. */
Test(pubsub, all_channels_and_patterns_take_one_way)
{
    struct rig *rig = start((struct rig_options){.workers = 3});
    struct wire *wires[] = {rig_connect(rig), rig_connect(rig), rig_connect(rig)};
    struct fake_node *node = rig_node(rig, bus);

    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        cr_expect_str_eq(subscribe(wires[i], "SUBSCRIBE", "a"), "[subscribe a 1]");
        cr_expect_str_eq(subscribe(wires[i], "SUBSCRIBE", "b"), "[subscribe b 2]");
        cr_expect_str_eq(subscribe(wires[i], "PSUBSCRIBE", "[ab]"), "[psubscribe [ab] 3]");
    }
    cr_expect_eq(fake_node_count(node, "subscribe a") + fake_node_count(node, "subscribe b"), 2);
    cr_expect_eq(fake_node_count(node, "psubscribe [ab]"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 1 - bus), "subscribe"), 0);
    cr_expect_str_eq(ask(rig, "PUBLISH", "a", "m"), "6");
    cr_expect_str_eq(ask(rig, "PUBLISH", "b", "m"), "6");
    cr_expect_eq(fake_node_count(node, "PUBLISH"), 2);
    rig_stop(&rig);
}

/* A replica hears all that the bus brings: whoever subscribes now hears it from there, too. */
Test(pubsub, channels_take_one_way_also_when_their_node_is_no_primary_any_more)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    cr_expect_str_eq(subscribe(wire, "SUBSCRIBE", "a"), "[subscribe a 1]");
    fake_cluster_follow(rig_cluster(rig), bus, 1 - bus);
    cr_expect(rig_topology_passes(rig, 1));
    cr_expect_str_eq(subscribe(wire, "SUBSCRIBE", "b"), "[subscribe b 2]");
    cr_expect_eq(fake_node_count(rig_node(rig, bus), "subscribe"), 2);
    cr_expect_eq(fake_node_count(rig_node(rig, 1 - bus), "subscribe"), 0);
    cr_expect_eq(metric(rig, "pubsub_gaps_total"), 0);
    rig_stop(&rig);
}

/* The node says 1 for PUBLISH: that is slotway. */
Test(pubsub, publishing_counts_clients_and_not_slotway)
{
    struct rig *rig = start((struct rig_options){.workers = 3});
    struct wire *wires[3];

    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(subscribe(wires[i], "SUBSCRIBE", "b"), "[subscribe b 1]");
        cr_expect_str_eq(ask(rig, "PUBLISH", "b", "m"), rig_print(rig, "%zu", i + 1));
    }
    cr_expect_str_eq(ask(rig, "PUBLISH", "a", "m"), "1", "of somebody else");
    cr_expect_str_eq(ask(rig, "SPUBLISH", "b", "m"), "1", "of somebody else");
    cr_expect_eq(fake_node_count(rig_node(rig, bus), "PUBLISH b m"), 3);
    cr_expect_eq(fake_node_count(rig_node(rig, bus), "PUBLISH a m"), 1);
    rig_stop(&rig);
}

Test(pubsub, clients_are_listed_as_subscribers)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    wire_send_lines(wire, "SUBSCRIBE a b|PSUBSCRIBE x*|SSUBSCRIBE s");
    for (int i = 0; i < 4; i++) {
        cr_assert_not_null(wire_reply(wire, NULL));
    }
    EXPECT_CONTAINS(ask(rig, "CLIENT", "LIST", "TYPE", "pubsub"),
                    " flags=P db=0 sub=2 psub=1 ssub=1 ");
    EXPECT_CONTAINS(ask(rig, "CLIENT", "LIST", "TYPE", "normal"),
                    " flags=N db=0 sub=0 psub=0 ssub=0 ");
    EXPECT_LACKS(ask(rig, "CLIENT", "LIST", "TYPE", "normal"), "flags=P");
    EXPECT_CONTAINS(ask(rig, "INFO", "stats"),
                    "pubsub_channels:2\r\npubsub_patterns:1\r\npubsubshard_channels:1\r\n");
    rig_stop(&rig);
}

/* Many messages of 64 KB for one who reads and one who does not. They come in rounds of less than
 * the limit, the next when the last was read: however late the reader is, it never owes as much. */
Test(pubsub, a_slow_subscriber_is_cut_off_and_nobody_waits_for_it)
{
    enum { SIZE = 64 * 1024, ROUND = 20, ROUNDS = 20 };
    struct rig *rig = start((struct rig_options){
        .workers = 2, .clients = "pubsub_output_bytes: 4mb, pubsub_output_soft_bytes: 0"});
    struct wire *slow = rig_connect(rig);
    struct wire *fast = rig_connect(rig);
    static char payload[SIZE + 1];

    memset(payload, 'x', SIZE);
    wire_shrink_receive_buffer(slow);
    script(rig, bus, WANT("subscribe", "b"), SAY(SUBSCRIBED, "b"));
    for (int i = 0; i < ROUND * ROUNDS; i++) {
        if (i % ROUND == 0) {
            script(rig, bus, STALL);
        }
        script(rig, bus, SAY("*3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$%d\r\n%s\r\n", SIZE, payload));
    }
    cr_expect_str_eq(subscribe(slow, "SUBSCRIBE", "b"), "[subscribe b 1]");
    cr_expect_str_eq(subscribe(fast, "SUBSCRIBE", "b"), "[subscribe b 1]");
    for (int i = 0; i < ROUND * ROUNDS; i++) {
        size_t size = 0;

        if (i % ROUND == 0) {
            fake_node_release(rig_node(rig, bus));
        }
        cr_assert_not_null(wire_reply(fast, &size), "message %d", i);
        cr_assert_gt(size, SIZE);
    }
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "slow_subscriber") == 1));
    cr_expect_str_eq(wire_ask(fast, "PING"), "[pong ]");
    rig_stop(&rig);
}

/* What has subscriptions may be idle for as long as it likes. */
Test(pubsub, a_subscriber_is_not_idle)
{
    struct rig *rig = start((struct rig_options){.workers = 1, .clients = "idle: 1s"});
    struct wire *idle = rig_connect(rig);
    struct wire *wire = rig_connect(rig);

    cr_expect_str_eq(subscribe(wire, "SUBSCRIBE", "b"), "[subscribe b 1]");
    cr_expect_str_eq(wire_ask(idle, "PING"), "PONG");
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "idle") == 1));
    cr_expect(wire_is_closed(idle));
    cr_expect_str_eq(wire_ask(wire, "PING"), "[pong ]");
    rig_stop(&rig);
}
