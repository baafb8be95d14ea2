/* Whole shards and whole clusters that go and come back: nothing is lost that had not been sent,
 * and nobody has to restart slotway.
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(cluster_down, .timeout = 120, .fini = rig_clean_up);

enum { NODES = 3, CLIENTS = 30, KNOCKS_MAX = 200 };

static void all_nodes(struct rig *rig, void (*what)(struct fake_node *node))
{
    for (int i = 0; i < fake_cluster_size(rig_cluster(rig)); i++) {
        what(rig_node(rig, i));
    }
}

/* A cluster that is down, and clients that want something of every node. */
static struct rig *start_and_lose_all(struct wire **wires)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = NODES, .workers = 2, .request_timeout = "60s", .with_store = true});

    cr_expect_str_eq(ask(rig, "MSET", "a", "0", "b", "0", "c", "0", "k", "0"), "OK");
    all_nodes(rig, fake_node_die);
    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        wire_request(wires[i], "INCR", rig_print(rig, "key%d", i));
    }
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == CLIENTS));
    return rig;
}

Test(cluster_down, requests_wait_for_the_whole_cluster_and_run_once)
{
    struct wire *wires[CLIENTS];
    struct rig *rig = start_and_lose_all(wires);

    all_nodes(rig, fake_node_return);
    for (int i = 0; i < CLIENTS; i++) {
        cr_expect_str_eq(wire_text(wires[i]), "1");
    }
    cr_expect_eq(metric(rig, "waiting_requests"), 0);
    cr_expect_eq(metric(rig, "outcome_unknown_total"), 0);
    rig_stop(&rig);
}

/* One attempt at a time for each node and worker, at growing distances, however many clients wait.
 */
Test(cluster_down, dead_nodes_are_knocked_at_gently_and_greeted_once)
{
    struct wire *wires[CLIENTS];
    struct rig *rig = start_and_lose_all(wires);
    size_t accepted[NODES];

    cr_expect_not(WAIT_FOR_MS(1500, metric(rig, "upstream_connect_failed_total") > KNOCKS_MAX));
    cr_expect_gt(metric(rig, "upstream_connect_failed_total"), NODES);
    for (int i = 0; i < NODES; i++) {
        accepted[i] = fake_node_accepted(rig_node(rig, i));
    }
    all_nodes(rig, fake_node_return);
    for (int i = 0; i < CLIENTS; i++) {
        cr_expect_str_eq(wire_text(wires[i]), "1");
    }
    for (int i = 0; i < NODES; i++) {
        cr_expect_lt(fake_node_accepted(rig_node(rig, i)) - accepted[i], CLIENTS);
    }
    rig_stop(&rig);
}

Test(cluster_down, comes_and_goes_many_times)
{
    enum { TIMES = 10 };
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = NODES, .workers = 2, .request_timeout = "60s", .with_store = true});

    for (int i = 0; i < TIMES; i++) {
        cr_expect_str_eq(ask(rig, "INCR", "k"), rig_print(rig, "%d", i + 1));
        all_nodes(rig, fake_node_die);
        wire_request(rig_client(rig), "GET", "k");
        all_nodes(rig, fake_node_return);
        cr_expect_str_eq(wire_text(rig_client(rig)), rig_print(rig, "%d", i + 1));
    }
    rig_stop(&rig);
}

/* Node 2 is node 0's replica, and node 3 node 1's. */
Test(cluster_down, a_shard_without_any_node_fails_alone_and_recovers_alone)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 4,
                                                          .start_dead = true,
                                                          .request_timeout = "60s",
                                                          .backend = "down_after: 300ms",
                                                          .with_store = true});
    fake_cluster_give(rig_cluster(rig), 0, 8191, 0);
    fake_cluster_give(rig_cluster(rig), 8192, 16383, 1);
    fake_cluster_follow(rig_cluster(rig), 2, 0);
    fake_cluster_follow(rig_cluster(rig), 3, 1);
    all_nodes(rig, fake_node_return);
    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_die(rig_node(rig, 0));
    fake_node_die(rig_node(rig, 2));
    EXPECT_STARTS(ask(rig, "SET", "k", "2"), "-CLUSTERDOWN Hash slot not served");
    long long waited = metric(rig, "waited_total");
    for (int i = 0; i < 20; i++) {
        EXPECT_STARTS(ask(rig, "SET", "k", "3"), "-CLUSTERDOWN Hash slot not served");
        cr_expect_str_eq(ask(rig, "INCR", "a"), rig_print(rig, "%d", i + 1));
    }
    cr_expect_eq(metric(rig, "waited_total"), waited, "what cannot be served is refused at once");
    fake_node_return(rig_node(rig, 0));
    cr_expect(WAIT_FOR(ask(rig, "SET", "k", "4")[0] == 'O'));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET k 2"), 0);
    rig_stop(&rig);
}

/* Everything else is served, and nobody asks for the map more often than the configuration says. */
Test(cluster_down, a_slot_that_nobody_serves_is_no_storm)
{
    enum { ASKED_MAX = 150 };
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .request_timeout = "500ms", .refresh = "100ms", .with_store = true});
    struct wire *wires[CLIENTS];
    long long version = metric(rig, "topology_version");

    fake_cluster_give(rig_cluster(rig), 7629, 7629, FAKE_NOBODY);
    cr_expect(rig_topology_passes(rig, version));
    long long refreshes = metric(rig, "discovery_refreshes_total");
    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        wire_request(wires[i], "SET", "k", "1");
    }
    for (int i = 0; i < CLIENTS; i++) {
        cr_expect_str_eq(wire_text(wires[i]), "-CLUSTERDOWN Hash slot not served");
        cr_expect_str_eq(ask(rig, "INCR", "c"), rig_print(rig, "%d", i + 1));
    }
    cr_expect_lt(metric(rig, "discovery_refreshes_total") - refreshes, ASKED_MAX);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 0);
    rig_stop(&rig);
}

/* What is in nobody's hands for longer than a failover takes is not waited for, and not asked about
 * by every request; the regular question finds out when that ends. */
Test(cluster_down, a_slot_that_nobody_takes_is_refused_at_once)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .start_dead = true,
                                                          .request_timeout = "60s",
                                                          .refresh = "200ms",
                                                          .backend = "down_after: 200ms",
                                                          .with_store = true});
    fake_cluster_give(rig_cluster(rig), 7629, 7629, FAKE_NOBODY);
    all_nodes(rig, fake_node_return);
    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "-CLUSTERDOWN Hash slot not served");
    cr_expect_str_eq(ask(rig, "SET", "c", "1"), "OK");
    long long waited = metric(rig, "waited_total");
    long long hints = metric(rig, "discovery_hints_total");
    for (int i = 0; i < 20; i++) {
        cr_expect_str_eq(ask(rig, "SET", "k", "2"), "-CLUSTERDOWN Hash slot not served");
    }
    cr_expect_eq(metric(rig, "waited_total"), waited);
    cr_expect_eq(metric(rig, "discovery_hints_total"), hints);
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    cr_expect(WAIT_FOR(ask(rig, "SET", "k", "3")[0] == 'O'));
    rig_stop(&rig);
}
