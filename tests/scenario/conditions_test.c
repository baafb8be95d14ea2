/* What a node says of itself or of a request: absorbed where waiting helps, passed on where not.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(conditions, .timeout = 60, .fini = rig_clean_up);

/* Nothing asks for the map unless something hints at a change. */
static struct rig *start_still(int nodes)
{
    return rig_start_with(
        (struct rig_options){.nodes = nodes, .refresh = "1h", .request_timeout = "10s"});
}

Test(conditions, an_error_of_the_request_is_passed_on_and_nothing_is_sent_twice)
{
    static const char *const errors[] = {
        "-OOM command not allowed when used memory > 'maxmemory'.",
        "-MISCONF Redis is configured to save RDB snapshots, but it is unable to persist on disk.",
        "-NOREPLICAS Not enough good replicas to write.",
        "-BUSY Redis is busy running a script. You can only call SCRIPT KILL.",
        "-WRONGTYPE Operation against a key holding the wrong kind of value",
        "-NOSCRIPT No matching script. Please use EVAL.",
        "-EXECABORT Transaction discarded because of previous errors.",
        "-CROSSSLOT Keys in request don't hash to the same slot",
        "-UNBLOCKED the stream key no longer exists",
        "-INVALIDOBJ invalid object",
        "-NOPERM this user has no permissions to run the 'set' command",
        "-NOAUTH Authentication required.",
        "-ERR index out of range",
    };
    struct rig *rig = start_still(1);
    long long hints = metric(rig, "discovery_hints_total");

    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        script(rig, 0, WANT("SET", "k", "v"), SAY("%s\r\n", errors[i]));
        wire_request(rig_client(rig), "SET", "k", "v");
        wire_expect(rig_client(rig), rig_print(rig, "%s\r\n", errors[i]));
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), ARRAY_LEN(errors));
    cr_expect_eq(metric(rig, "waited_total"), 0);
    cr_expect_eq(metric(rig, "discovery_hints_total"), hints);
    cr_expect_eq(metric(rig, "upstream_lost_total"), 0);
    rig_stop(&rig);
}

/* slotway has looked at the keys itself: somebody is wrong about which arguments are keys. */
Test(conditions, a_node_that_finds_other_keys_in_a_request_is_told_of_in_the_log)
{
    struct rig *rig = start_still(1);
    script(rig, 0, WANT("EVAL", "x", "1", "k"), SAY("-CROSSSLOT says the script\r\n"),
           WANT("SORT", "k", "STORE", "{k}"), SAY("-CROSSSLOT Keys in request\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", "x", "1", "k"), "-CROSSSLOT says the script");
    cr_expect_not(rig_has_written(rig, "finds other keys"));
    cr_expect_str_eq(ask(rig, "SORT", "k", "STORE", "{k}"), "-CROSSSLOT Keys in request");
    cr_expect(rig_has_written(rig, "node finds other keys in a request than slotway"));
    cr_expect(rig_has_written(rig, "command=sort"));
    rig_stop(&rig);
}

/* Each of these says that the map may be old: here, that the slot is served elsewhere by now. */
Test(conditions, a_node_that_may_not_serve_makes_slotway_ask_for_the_map)
{
    static const char *const refusals[] = {
        "-READONLY You can't write against a read only replica.",
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "-CLUSTERDOWN The cluster is down",
        "-LOADING Redis is loading the dataset in memory",
    };
    struct rig *rig = start_still(2);

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        int here = (int)i % 2;
        fake_node_handle(rig_node(rig, here), fake_always, (void *)refusals[i]);
        fake_node_handle(rig_node(rig, 1 - here), fake_always, "+OK");
        fake_cluster_give(rig_cluster(rig), 7629, 7629, 1 - here);
        cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK", "%s", refusals[i]);
        cr_expect_gt(fake_node_count(rig_node(rig, here), "SET"), 0, "%s", refusals[i]);
    }
    rig_stop(&rig);
}

/* Does not serve the slot of "k", and all others. */
static void refuse_k(void *context, const struct fake_command *command, struct bytes *answer)
{
    if (command->count > 1 && span_equal(command->arguments[1], SPAN("k"))) {
        bytes_print(answer, "-CLUSTERDOWN Hash slot not served\r\n");
    } else {
        fake_store_answer(context, command, answer);
    }
}

Test(conditions, a_refused_slot_holds_up_no_other)
{
    struct rig *rig = start_still(1);
    struct wire *other = rig_connect(rig);
    fake_node_handle(rig_node(rig, 0), refuse_k, rig_store(rig));

    wire_request(rig_client(rig), "SET", "k", "v");
    for (int i = 0; i < 100; i++) {
        cr_expect_str_eq(wire_ask(other, "INCR", "c"), rig_print(rig, "%d", i + 1));
    }
    cr_expect(WAIT_FOR(metric(rig, "redirect_clusterdown_total") > 3));
    cr_expect_not(wire_has_input(rig_client(rig)));
    fake_node_handle(rig_node(rig, 0), fake_store_answer, rig_store(rig));
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    rig_stop(&rig);
}

enum { KNOCKS = 5, KNOCKS_MAX = 60 };

/* Of the two connections that this worker may have to a node, the second is for the second client.
 */
Test(conditions, a_node_with_too_many_clients_serves_those_that_are_connected)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .request_timeout = "30s",
                                                          .refresh = "1h",
                                                          .backend = "connections: 2",
                                                          .with_store = true});
    struct wire *first = rig_connect(rig);
    struct wire *second = rig_connect(rig);

    cr_expect_str_eq(wire_ask(first, "SET", "k", "1"), "OK");
    fake_node_set_full(rig_node(rig, 0), true);
    wire_request(second, "APPEND", "k", "2");
    cr_expect(WAIT_FOR(metric(rig, "upstream_connect_failed_total") >= KNOCKS));
    cr_expect(rig_has_written(rig, "node has too many clients"));
    cr_expect_str_eq(wire_ask(first, "APPEND", "c", "x"), "1");
    cr_expect_not(wire_has_input(second));
    cr_expect_lt(metric(rig, "upstream_connect_failed_total"), KNOCKS_MAX);
    fake_node_set_full(rig_node(rig, 0), false);
    cr_expect_str_eq(wire_text(second), "2");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "APPEND k"), 1);
    rig_stop(&rig);
}

enum { BLOCKERS = 50 };

static void block_all(struct rig *rig, struct wire **blockers)
{
    for (int i = 0; i < BLOCKERS; i++) {
        blockers[i] = rig_connect(rig);
        wire_request(blockers[i], "BLPOP", "list", "0");
    }
}

Test(conditions, a_node_with_too_many_clients_is_not_stormed_by_those_that_block)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "500ms", .refresh = "1h", .with_store = true});
    struct wire *blockers[BLOCKERS];

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_set_full(rig_node(rig, 0), true);
    block_all(rig, blockers);
    for (int i = 0; i < BLOCKERS; i++) {
        EXPECT_STARTS(wire_text(blockers[i]), "-CLUSTERDOWN ");
    }
    cr_expect_lt(metric(rig, "upstream_connections_total"), 3 * BLOCKERS);
    rig_stop(&rig);
}

/* Each wants a connection of its own. */
Test(conditions, those_that_block_have_their_connections_when_a_node_takes_clients_again)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "60s", .refresh = "1h", .with_store = true});
    struct wire *blockers[BLOCKERS];

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_set_full(rig_node(rig, 0), true);
    block_all(rig, blockers);
    cr_expect_str_eq(ask(rig, "APPEND", "k", "2"), "2");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == BLOCKERS));
    cr_expect(rig_has_written(rig, "node has too many clients"));

    long long before = metric(rig, "upstream_connections_total");

    cr_expect(WAIT_FOR(metric(rig, "upstream_connections_total") > before + 2));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "BLPOP"), 0);
    fake_node_set_full(rig_node(rig, 0), false);
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "BLPOP") == BLOCKERS));
    rig_stop(&rig);
}

/* A node may be given a password while slotway has none: its connections are refused, and whatever
 * was asked of it was not executed. */
Test(conditions, a_node_that_wants_a_password_hurts_no_other)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .request_timeout = "500ms", .with_store = true});

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_set_password(rig_node(rig, 0), "new");
    fake_node_drop_connections(rig_node(rig, 0));
    cr_expect(WAIT_FOR(ask(rig, "SET", "k", "2")[0] == '-'));
    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    fake_node_set_password(rig_node(rig, 0), NULL);
    cr_expect(WAIT_FOR(ask(rig, "SET", "k", "3")[0] == 'O'));
    rig_stop(&rig);
}
