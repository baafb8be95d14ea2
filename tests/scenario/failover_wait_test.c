/* While nobody serves a slot its requests wait, within bounds, and go on as soon as somebody does.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(failover_wait, .timeout = 60, .fini = rig_clean_up);

static struct rig *start_patient(const char *backend)
{
    return rig_start_with((struct rig_options){.nodes = 2,
                                               .request_timeout = "10s",
                                               .refresh = "1h",
                                               .with_store = true,
                                               .backend = backend});
}

Test(failover_wait, a_request_waits_for_the_new_primary)
{
    struct rig *rig = start_patient(NULL);

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_die(rig_node(rig, 0));
    wire_request(rig_client(rig), "APPEND", "k", "2");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    cr_expect_not(wire_has_input(rig_client(rig)));
    fake_cluster_give(rig_cluster(rig), 0, 8191, 1);
    cr_expect_str_eq(wire_text(rig_client(rig)), "2");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "APPEND"), 1);
    rig_stop(&rig);
}

/* The node's replica takes over while the node is just silent: no connection breaks, no deadline
 * passes, and the next regular question to the cluster is an hour away. */
Test(failover_wait, a_silent_node_makes_discovery_ask_and_its_reads_are_taken_to_its_successor)
{
    struct rig *rig = start_patient(NULL);
    struct wire *other = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_pause(rig_node(rig, 0));
    wire_request(rig_client(rig), "GET", "k");
    fake_cluster_give(rig_cluster(rig), 0, 8191, 1);
    cr_expect(WAIT_FOR(metric(rig, "topology_version") == 2));
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    cr_expect_str_eq(wire_ask(other, "APPEND", "k", "22"), "3");
    cr_expect_eq(metric(rig, "retry_silent_total"), 1);
    fake_node_resume(rig_node(rig, 0));
    cr_expect(WAIT_FOR(metric(rig, "late_replies_total") == 1));
    cr_expect_str_eq(ask(rig, "GET", "k"), "122");
    rig_stop(&rig);
}

Test(failover_wait, other_slots_go_on)
{
    struct rig *rig = start_patient(NULL);
    struct wire *other = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_die(rig_node(rig, 0));
    wire_request(rig_client(rig), "GET", "k");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    for (int i = 0; i < 100; i++) {
        cr_expect_str_eq(wire_ask(other, "INCR", "a"), rig_print(rig, "%d", i + 1));
    }
    cr_expect_not(wire_has_input(rig_client(rig)));
    fake_node_return(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    rig_stop(&rig);
}

Test(failover_wait, an_unbound_slot_gets_clusterdown_until_somebody_serves_it)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .request_timeout = "400ms", .refresh = "100ms", .with_store = true});
    long long version = metric(rig, "topology_version");

    fake_cluster_give(rig_cluster(rig), 7629, 7629, FAKE_NOBODY);
    cr_expect(rig_topology_passes(rig, version));
    cr_expect_str_eq(ask(rig, "GET", "k"), "-CLUSTERDOWN Hash slot not served");
    EXPECT_STARTS(ask(rig, "MGET", "k", "a"), "-CLUSTERDOWN Hash slot not served");
    cr_expect_str_eq(ask(rig, "GET", "c"), "(nil)");
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    cr_expect(WAIT_FOR(ask(rig, "GET", "k")[0] == '('));
    rig_stop(&rig);
}

Test(failover_wait, a_node_that_is_long_dead_costs_no_waiting)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .request_timeout = "10s", .with_store = true, .backend = "down_after: 300ms"});

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_die(rig_node(rig, 0));
    EXPECT_STARTS(ask(rig, "SET", "k", "2"), "-CLUSTERDOWN Hash slot not served");
    long long waited = metric(rig, "waited_total");
    EXPECT_STARTS(ask(rig, "SET", "k", "3"), "-CLUSTERDOWN Hash slot not served");
    cr_expect_eq(metric(rig, "waited_total"), waited);
    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    fake_node_return(rig_node(rig, 0));
    cr_expect(WAIT_FOR(ask(rig, "SET", "k", "4")[0] == 'O'));
    rig_stop(&rig);
}

Test(failover_wait, a_dead_node_gets_clusterdown_at_the_deadline)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .request_timeout = "400ms", .with_store = true});

    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    fake_node_die(rig_node(rig, 0));
    EXPECT_STARTS(ask(rig, "SET", "k", "1"), "-CLUSTERDOWN Hash slot not served");
    EXPECT_STARTS(ask(rig, "GET", "k"), "-CLUSTERDOWN Hash slot not served");
    fake_node_return(rig_node(rig, 0));
    cr_expect(WAIT_FOR(ask(rig, "GET", "k")[0] == '('));
    rig_stop(&rig);
}

Test(failover_wait, no_more_requests_wait_than_may)
{
    struct rig *rig = start_patient("waiting: 10");

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_die(rig_node(rig, 0));
    struct wire *waiters[10];
    for (size_t i = 0; i < ARRAY_LEN(waiters); i++) {
        waiters[i] = rig_connect(rig);
        wire_request(waiters[i], "INCR", "b");
    }
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 10));
    EXPECT_STARTS(ask(rig, "GET", "k"), "-ERR proxy: overloaded");
    cr_expect_str_eq(ask(rig, "GET", "a"), "(nil)");
    fake_node_return(rig_node(rig, 0));
    for (size_t i = 0; i < ARRAY_LEN(waiters); i++) {
        cr_expect_gt(wire_text(waiters[i])[0], '0');
    }
    cr_expect_eq(metric(rig, "waiting_requests"), 0);
    cr_expect_eq(metric(rig, "waiting_bytes"), 0);
    rig_stop(&rig);
}

Test(failover_wait, no_more_bytes_wait_than_may)
{
    struct rig *rig = start_patient("waiting_bytes: 100kb");

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_die(rig_node(rig, 0));
    struct wire *waiter = rig_connect(rig);
    wire_request(waiter, "APPEND", "b", rig_print(rig, "%090000d", 0));
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    EXPECT_STARTS(ask(rig, "SET", "k", rig_print(rig, "%020000d", 0)), "-ERR proxy: overloaded");
    fake_node_return(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(waiter), "90000");
    rig_stop(&rig);
}

Test(failover_wait, a_shard_that_was_taken_over_in_time_misses_nothing)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 3, .request_timeout = "5s", .refresh = "100ms", .with_store = true});
    long long version = metric(rig, "topology_version");

    fake_cluster_give(rig_cluster(rig), 0, 5461, 1);
    cr_expect(rig_topology_passes(rig, version));
    fake_node_die(rig_node(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "b", "1"), "OK");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "SET b"), 1);
    rig_stop(&rig);
}

/* Attempts to connect become rare; a successor must not have to wait for the next one. */
Test(failover_wait, the_cluster_is_asked_more_often_than_the_dead_node_is_tried)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .request_timeout = "60s", .refresh = "1h", .with_store = true});

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_die(rig_node(rig, 0));
    cr_expect(WAIT_FOR(metric(rig, "upstream_connect_failed_total") > 5));

    long long asked = metric(rig, "discovery_refreshes_total");
    long long tried = metric(rig, "upstream_connect_failed_total");

    cr_expect(WAIT_FOR(metric(rig, "discovery_refreshes_total") >= asked + 30));
    cr_expect_lt(metric(rig, "upstream_connect_failed_total") - tried, 15);
    fake_node_return(rig_node(rig, 0));
    rig_stop(&rig);
}
