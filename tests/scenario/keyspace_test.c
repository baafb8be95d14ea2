/* Keyspace notifications, which each node tells only to its own subscribers: heard of all nodes,
 * as from one server, while messages that reach every node are heard once.
 */
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/resp.h"
#include "tests/support/rig.h"

TestSuite(keyspace, .timeout = 180, .fini = rig_clean_up);

#define ACK        "*3\r\n$10\r\npsubscribe\r\n$1\r\n*\r\n:1\r\n"
#define EVENT      "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$18\r\n__keyevent@0__:set\r\n$1\r\n%s\r\n"
#define NEWS       "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$4\r\nnews\r\n$1\r\n%s\r\n"
#define HEARD(key) "[pmessage * __keyevent@0__:set " key "]"
#define NOVEL(key) "[pmessage * news " key "]"

/* Slot 3300 of "b" is the first node's, 15495 of "a" the last one's. */
enum { NODES = 3, NODE_OF_B = 0, NODE_OF_A = 2, SLOT_OF_B = 3300 };

/* The node where slotway hears what the bus brings, and the two others. */
static int home;
static int second;
static int third;

/* What a node answers that is not in a test's script. */
static void answer(void *context UNUSED, const struct fake_command *command, struct bytes *to)
{
    static const char *const verbs[] = {"subscribe", "psubscribe", "unsubscribe", "punsubscribe"};
    struct span verb = command->arguments[0];

    if (span_equal_nocase(verb, SPAN("PING"))) {
        bytes_print(to, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    } else if (span_equal_nocase(verb, SPAN("PUBSUB"))) {
        bytes_print(to, ":1\r\n");
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
    options.nodes = NODES;
    options.refresh = "100ms";

    struct rig *rig = rig_start_with(options);

    for (int i = 0; i < NODES; i++) {
        fake_node_handle(rig_node(rig, i), answer, NULL);
    }
    home = fake_cluster_owner(rig_cluster(rig), rig_bus_slot(rig));
    second = (home + 1) % NODES;
    third = (home + 2) % NODES;
    return rig;
}

static size_t count(struct rig *rig, int node, const char *prefix)
{
    return fake_node_count(rig_node(rig, node), prefix);
}

/* Each node says both, an event of its own and what the bus brings to all. */
static void script_all(struct rig *rig)
{
    static const char *const keys[NODES] = {"x", "y", "z"};

    for (int i = 0; i < NODES; i++) {
        script(rig, (home + i) % NODES, WANT("psubscribe", "*"), SAY(ACK),
               SAY_LATER(NEWS EVENT, "1", keys[i]));
    }
}

/* One after the other, so that it is known what comes when. */
static void expect_from(struct rig *rig, struct wire *wire, int node, const char *text)
{
    cr_assert(fake_node_has_stalled(rig_node(rig, node)));
    fake_node_release(rig_node(rig, node));
    cr_expect_str_eq(wire_text(wire), text);
}

Test(keyspace, is_acknowledged_when_every_primary_has_acknowledged)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    script(rig, third, WANT("psubscribe", "*"), SAY_LATER(ACK EVENT, "k"));
    wire_request(wire, "PSUBSCRIBE", "*");
    cr_assert(fake_node_has_stalled(rig_node(rig, third)));
    cr_expect(WAIT_FOR(count(rig, second, "psubscribe *") == 1));
    cr_expect(WAIT_FOR(metric(rig, "pubsub_topics") == 1), "its home stands");
    cr_expect_not(wire_has_input(wire));
    fake_node_release(rig_node(rig, third));
    cr_expect_str_eq(wire_text(wire), "[psubscribe * 1]");
    cr_expect_str_eq(wire_text(wire), HEARD("k"));
    rig_stop(&rig);
}

Test(keyspace, events_of_all_nodes_are_heard_and_what_all_nodes_say_is_heard_once)
{
    struct rig *rig = start((struct rig_options){.workers = 3});
    struct wire *wires[4];

    script_all(rig);
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(wires[i], "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    }
    expect_from(rig, wires[0], second, HEARD("y"));
    expect_from(rig, wires[0], home, NOVEL("1"));
    cr_expect_str_eq(wire_text(wires[0]), HEARD("x"));
    expect_from(rig, wires[0], third, HEARD("z"));
    for (size_t i = 1; i < ARRAY_LEN(wires); i++) {
        cr_expect_str_eq(wire_text(wires[i]), HEARD("y"));
        cr_expect_str_eq(wire_text(wires[i]), NOVEL("1"));
        cr_expect_str_eq(wire_text(wires[i]), HEARD("x"));
        cr_expect_str_eq(wire_text(wires[i]), HEARD("z"));
    }
    for (int i = 0; i < NODES; i++) {
        cr_expect_eq(count(rig, i, "psubscribe *"), 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        rig_disconnect(rig, &wires[i]);
    }
    for (int i = 0; i < NODES; i++) {
        cr_expect(WAIT_FOR(count(rig, i, "punsubscribe *") == 1));
    }
    cr_expect_eq(metric(rig, "pubsub_topics"), 0);
    rig_stop(&rig);
}

enum { AT_HOME = -1, AT_ALL = -2 };

static const struct {
    const char *verb;
    const char *name;
    int at; /* the node where it is subscribed to */
} reaches[] = {
    {"subscribe", "__keyevent@0__:set", AT_ALL},     {"subscribe", "__keyspace@0__:b", NODE_OF_B},
    {"subscribe", "__keyspace@0__:{a}b", NODE_OF_A}, {"subscribe", "b", AT_HOME},
    {"psubscribe", "__keyspace@0__:b*", AT_ALL},     {"psubscribe", "a*", AT_HOME},
};

Test(keyspace, each_topic_is_subscribed_to_where_its_messages_can_be_heard)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    for (size_t i = 0; i < ARRAY_LEN(reaches); i++) {
        const char *wanted = rig_print(rig, "%s %s", reaches[i].verb, reaches[i].name);
        int at = reaches[i].at == AT_HOME ? home : reaches[i].at;

        EXPECT_CONTAINS(wire_ask(wire, reaches[i].verb, reaches[i].name), reaches[i].name);
        for (int node = 0; node < NODES; node++) {
            cr_expect_eq(count(rig, node, wanted) > 0, node == at || at == AT_ALL, "%s at %d",
                         wanted, node);
        }
    }
    rig_stop(&rig);
}

Test(keyspace, events_of_a_key_are_followed_when_its_slot_has_another_owner)
{
    struct rig *rig = start((struct rig_options){.workers = 1});
    struct wire *wire = rig_connect(rig);

    cr_expect_str_eq(wire_ask(wire, "SUBSCRIBE", "__keyspace@0__:b"),
                     "[subscribe __keyspace@0__:b 1]");
    script(rig, NODE_OF_A, WANT("subscribe", "__keyspace@0__:b"),
           SAY("*3\r\n$9\r\nsubscribe\r\n$16\r\n__keyspace@0__:b\r\n:1\r\n"
               "*3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:b\r\n$3\r\ndel\r\n"));
    fake_cluster_give(rig_cluster(rig), SLOT_OF_B, SLOT_OF_B, NODE_OF_A);
    cr_expect_str_eq(wire_text(wire), "[message __keyspace@0__:b del]");
    cr_expect_eq(count(rig, NODE_OF_B, "unsubscribe __keyspace@0__:b"), 1);
    rig_stop(&rig);
}

/* Of those that a node has at first. */
static int first_slot(int node)
{
    return (16384 * node + NODES - 1) / NODES;
}

Test(keyspace, a_new_primary_is_heard_without_a_word)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);
    int first = first_slot(third);
    int last = first_slot(third + 1) - 1;

    cr_assert_eq(fake_cluster_owner(rig_cluster(rig), first), third);
    cr_assert_eq(fake_cluster_owner(rig_cluster(rig), last), third);
    fake_cluster_give(rig_cluster(rig), first, last, second);
    cr_expect(rig_topology_passes(rig, 1));
    cr_expect_str_eq(wire_ask(wire, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    cr_expect_eq(count(rig, third, "psubscribe *"), 0);
    script(rig, third, WANT("psubscribe", "*"), SAY(ACK NEWS EVENT, "1", "k"));
    fake_cluster_give(rig_cluster(rig), first, last, third);
    cr_expect_str_eq(wire_text(wire), HEARD("k"));
    cr_expect_eq(metric(rig, "pubsub_gaps_total"), 0);
    rig_stop(&rig);
}

Test(keyspace, who_is_no_primary_any_more_is_not_heard)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    script(rig, third, WANT("psubscribe", "*"), SAY(ACK), WANT("punsubscribe", "*"),
           SAY_LATER(EVENT, "late"), SAY("*3\r\n$12\r\npunsubscribe\r\n$1\r\n*\r\n:0\r\n"));
    script(rig, second, WANT("psubscribe", "*"), SAY(ACK), SAY_LATER(EVENT, "k"));
    cr_expect_str_eq(wire_ask(wire, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    fake_cluster_follow(rig_cluster(rig), third, second);
    cr_assert(fake_node_has_stalled(rig_node(rig, third)));
    fake_node_release(rig_node(rig, third));
    cr_assert(fake_node_is_done(rig_node(rig, third), WAIT_MS));
    cr_expect(WAIT_FOR(strcmp(ask(rig, "PUBSUB", "NUMPAT"), "2") == 0),
              "of three that count one, two are slotway");
    expect_from(rig, wire, second, HEARD("k"));
    rig_stop(&rig);
}

/* For the bus it is as good as before; its events are its primary's. */
Test(keyspace, a_home_that_becomes_a_replica_is_heard_for_the_bus_only)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    script(rig, home, WANT("psubscribe", "*"), SAY(ACK), SAY_LATER(EVENT NEWS, "k", "1"));
    cr_expect_str_eq(wire_ask(wire, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    fake_cluster_follow(rig_cluster(rig), home, third);
    cr_expect(rig_topology_passes(rig, 1));
    expect_from(rig, wire, home, NOVEL("1"));
    cr_expect_eq(count(rig, home, "punsubscribe"), 0);
    rig_stop(&rig);
}

/* The heir is asked again: what it says before its answer may have been heard of the lost home. */
Test(keyspace, when_the_home_dies_another_takes_its_place_and_nothing_comes_twice)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    fake_cluster_follow(rig_cluster(rig), third, second);
    cr_expect(rig_topology_passes(rig, 1));
    script(rig, second, WANT("psubscribe", "*"), SAY(ACK), WANT("psubscribe", "*"),
           SAY(NEWS EVENT ACK NEWS, "1", "k", "2"));
    cr_expect_str_eq(wire_ask(wire, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    fake_node_die(rig_node(rig, home));
    cr_expect_str_eq(wire_text(wire), HEARD("k"));
    cr_expect_str_eq(wire_text(wire), NOVEL("2"));
    cr_expect_eq(metric(rig, "pubsub_gaps_total"), 1);
    fake_node_return(rig_node(rig, home));
    cr_expect(WAIT_FOR(count(rig, home, "psubscribe *") == 2), "for its own events");
    rig_stop(&rig);
}

Test(keyspace, a_dead_or_silent_primary_is_not_waited_for_and_heard_when_it_is_back)
{
    struct rig *rig = start((struct rig_options){.workers = 2, .request_timeout = "20s"});
    struct wire *early = rig_connect(rig);
    struct wire *late = rig_connect(rig);

    fake_node_die(rig_node(rig, third));
    cr_expect_str_eq(wire_ask(early, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    fake_node_pause(rig_node(rig, home));
    cr_expect_str_eq(wire_ask(late, "PSUBSCRIBE", "__keyevent@*"), "[psubscribe __keyevent@* 1]");
    fake_node_return(rig_node(rig, third));
    fake_node_resume(rig_node(rig, home));
    for (int i = 0; i < NODES; i++) {
        cr_expect(WAIT_FOR(count(rig, i, "psubscribe *") > 0));
        cr_expect(WAIT_FOR(count(rig, i, "psubscribe __keyevent@*") > 0));
    }
    rig_stop(&rig);
}

Test(keyspace, a_primary_that_does_not_answer_costs_half_the_time_and_no_error)
{
    struct rig *rig = start(
        (struct rig_options){.workers = 1, .request_timeout = "4s", .connect_timeout = "20s"});
    struct wire *wire = rig_connect(rig);

    script(rig, third, WANT("psubscribe", "*"), SAY_LATER(ACK EVENT, "k"));
    cr_expect_str_eq(wire_ask(wire, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    expect_from(rig, wire, third, HEARD("k"));
    rig_stop(&rig);
}

Test(keyspace, a_refusal_of_one_primary_is_the_clients_answer_and_leaves_nothing_behind)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wire = rig_connect(rig);

    script(rig, third, WANT("psubscribe", "*"), SAY_LATER("-NOPERM no permissions\r\n"));
    wire_request(wire, "PSUBSCRIBE", "*");
    cr_assert(fake_node_has_stalled(rig_node(rig, third)));
    cr_assert(WAIT_FOR(count(rig, home, "psubscribe *") == 1));
    cr_assert(WAIT_FOR(count(rig, second, "psubscribe *") == 1));
    fake_node_release(rig_node(rig, third));
    cr_expect_str_eq(wire_text(wire), "-NOPERM no permissions");
    cr_expect(WAIT_FOR(metric(rig, "pubsub_topics") == 0));
    for (int i = 0; i < NODES; i++) {
        cr_expect(WAIT_FOR(count(rig, i, "punsubscribe *") == (i == third ? 0 : 1)));
    }
    cr_expect_str_eq(wire_ask(wire, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    rig_stop(&rig);
}

/* Each node counts slotway's own pattern. */
Test(keyspace, patterns_at_several_nodes_are_counted_by_their_clients)
{
    struct rig *rig = start((struct rig_options){.workers = 2});
    struct wire *wires[2];

    cr_expect_str_eq(ask(rig, "PUBSUB", "NUMPAT"), "3", "of somebody else");
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(wires[i], "PSUBSCRIBE", "*"), "[psubscribe * 1]");
        cr_expect_str_eq(ask(rig, "PUBSUB", "NUMPAT"), "1");
    }
    rig_stop(&rig);
}

static const struct {
    const char *mode;
    int node; /* counted from home */
    const char *heard;
} silences[] = {
    {"OFF", 1, HEARD("y")},
    {"OFF", 2, HEARD("z")},
    {"SKIP", 0, NOVEL("1")},
};

/* Redis: what concerns subscriptions is pushed, whatever was said of replies. */
Test(keyspace, a_client_without_replies_has_its_acknowledgement_and_its_messages)
{
    struct rig *rig = start((struct rig_options){.workers = 1});

    script_all(rig);
    for (size_t i = 0; i < ARRAY_LEN(silences); i++) {
        struct wire *wire = rig_connect(rig);

        wire_request(wire, "CLIENT", "REPLY", silences[i].mode);
        cr_expect_str_eq(wire_ask(wire, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
        expect_from(rig, wire, (home + silences[i].node) % NODES, silences[i].heard);
    }
    rig_stop(&rig);
}
