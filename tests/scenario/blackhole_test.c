/* Networks that swallow what is sent and tell nobody: connections that look alive and are not.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(blackhole, .timeout = 120, .fini = rig_clean_up);

static struct rig *start_behind_relays(const char *request_timeout)
{
    return rig_start_with((struct rig_options){.nodes = 2,
                                               .with_store = true,
                                               .with_relays = true,
                                               .request_timeout = request_timeout,
                                               .refresh = "200ms"});
}

Test(blackhole, around_a_node_costs_its_own_requests_their_deadline_and_others_nothing)
{
    struct rig *rig = start_behind_relays("1s");
    struct wire *stuck = rig_connect(rig);

    cr_expect_str_eq(wire_ask(stuck, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "a", "0"), "OK");
    relay_vanish(rig_relay(rig, 0));
    wire_request(stuck, "APPEND", "k", "2");
    for (int i = 0; i < 100; i++) {
        cr_expect_str_eq(ask(rig, "INCR", "a"), rig_print(rig, "%d", i + 1));
    }
    const char *reply = wire_text(stuck);
    EXPECT_STARTS(reply, "-ERR proxy: ");
    EXPECT_CONTAINS(reply, "outcome unknown");
    relay_reappear(rig_relay(rig, 0));
    cr_expect(WAIT_FOR(wire_ask(stuck, "GET", "k")[0] == '1'));
    cr_expect_leq(fake_node_count(rig_node(rig, 0), "APPEND"), 1);
    rig_stop(&rig);
}

/* Nothing has been sent yet, so nothing can have been executed. */
Test(blackhole, around_a_node_that_was_not_connected_makes_requests_wait)
{
    struct rig *rig = start_behind_relays("60s");

    relay_vanish(rig_relay(rig, 0));
    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "APPEND", "k", "2");
    cr_expect(WAIT_FOR(rig_metric(rig, "upstream_closed_total", "connect_timeout") > 1));
    cr_expect_not(wire_has_input(rig_client(rig)));
    relay_reappear(rig_relay(rig, 0));
    wire_expect(rig_client(rig), "+OK\r\n:2\r\n");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "APPEND"), 1);
    rig_stop(&rig);
}

/* As when a NAT forgets a connection, and lets the next one through: the deadline is a minute away.
 */
Test(blackhole, that_swallowed_one_connection_is_noticed_although_the_node_lives)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .with_store = true,
                                                          .with_relays = true,
                                                          .request_timeout = "60s",
                                                          .backend = "silent_after: 50ms"});
    struct wire *reader = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    relay_vanish(rig_relay(rig, 0));
    relay_reappear(rig_relay(rig, 0));
    wire_request(rig_client(rig), "APPEND", "k", "2");
    wire_request(reader, "GET", "k");
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "lost after send, outcome unknown");
    cr_expect_str_eq(wire_text(reader), "1");
    cr_expect_eq(rig_metric(rig, "upstream_closed_total", "cut_off"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "APPEND"), 0);
    cr_expect_str_eq(ask(rig, "APPEND", "k", "3"), "2");
    rig_stop(&rig);
}

/* The node got it and answered; the answer is on its way for longer than anybody waits. */
Test(blackhole, that_lets_answers_through_in_the_end_gives_them_to_nobody)
{
    struct rig *rig = start_behind_relays("500ms");
    struct wire *writer = rig_connect(rig);

    cr_expect_str_eq(wire_ask(writer, "SET", "k", "1"), "OK");
    relay_hold(rig_relay(rig, 0), RELAY_TO_PROXY);
    wire_request(writer, "INCR", "k");
    EXPECT_CONTAINS(wire_text(writer), "outcome unknown");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "INCR k") == 1));
    relay_let_through(rig_relay(rig, 0), RELAY_TO_PROXY);
    cr_expect(WAIT_FOR(ask(rig, "GET", "c")[0] == '('));
    cr_expect_str_eq(wire_ask(writer, "GET", "k"), "2");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR k"), 1);
    rig_stop(&rig);
}

/* "Outcome unknown" means just that: the write may take effect after its client was told so. */
Test(blackhole, that_lets_a_write_through_in_the_end_has_it_executed_once_and_late)
{
    struct rig *rig = start_behind_relays("500ms");

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    relay_hold(rig_relay(rig, 0), RELAY_TO_NODE);
    EXPECT_CONTAINS(ask(rig, "INCR", "k"), "outcome unknown");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), 0);
    relay_let_through(rig_relay(rig, 0), RELAY_TO_NODE);
    cr_expect(WAIT_FOR(ask(rig, "GET", "k")[0] == '2'));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), 1);
    rig_stop(&rig);
}

Test(blackhole, around_the_node_that_tells_the_map_makes_slotway_ask_another)
{
    struct rig *rig = start_behind_relays("5s");
    long long version = metric(rig, "topology_version");

    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    relay_vanish(rig_relay(rig, 0));
    fake_cluster_give(rig_cluster(rig), 0, 8191, 1);
    cr_expect(rig_topology_passes(rig, version));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "SET k"), 1);
    rig_stop(&rig);
}
