/* slotway starts whether the cluster is there or not, and finds it when it comes. */
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(startup, .timeout = 60, .fini = rig_clean_up);

Test(startup, without_a_node_clients_get_clusterdown_until_one_comes)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .start_dead = true, .with_store = true, .request_timeout = "500ms"});

    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    EXPECT_STARTS(ask(rig, "GET", "k"), "-CLUSTERDOWN ");
    EXPECT_STARTS(ask(rig, "DBSIZE"), "-CLUSTERDOWN ");
    EXPECT_STARTS(ask(rig, "MGET", "k", "a"), "-CLUSTERDOWN ");
    cr_expect_eq(http_get(rig_admin_port(rig), "/healthz", NULL), 200);
    cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 503);
    fake_node_return(rig_node(rig, 0));
    fake_node_return(rig_node(rig, 1));
    cr_expect(WAIT_FOR(http_get(rig_admin_port(rig), "/readyz", NULL) == 200));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "DBSIZE"), "1");
    rig_stop(&rig);
}

/* A client that connects the moment slotway listens is not told that the cluster is down. */
Test(startup, a_request_that_comes_before_the_first_picture_waits_for_it)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .start_dead = true,
                                                          .with_store = true,
                                                          .connect_timeout = "30s",
                                                          .request_timeout = "30s"});

    wire_request(rig_client(rig), "SET", "k", "1");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    fake_node_return(rig_node(rig, 0));
    fake_node_return(rig_node(rig, 1));
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    rig_stop(&rig);
}

Test(startup, one_living_seed_is_enough)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 3, .start_dead = true, .with_store = true});

    fake_cluster_give(rig_cluster(rig), 0, 16383, 2);
    fake_node_return(rig_node(rig, 2));
    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    rig_stop(&rig);
}

Test(startup, nodes_that_were_no_seeds_teach_as_well)
{
    struct fake_cluster *cluster = fake_cluster_new(2);
    struct fake_store *store = fake_store_new();
    fake_store_serve(store, cluster);
    struct fake_node *seed = fake_cluster_node(cluster, 0);
    char seeds[64];
    snprintf(seeds, sizeof seeds, "\"%s\"", fake_node_address(seed));
    struct rig *rig = rig_start_with((struct rig_options){.seeds = seeds});
    long long version = metric(rig, "topology_version");

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_cluster_give(cluster, 0, 16383, 1);
    fake_node_die(seed);
    cr_expect(rig_topology_passes(rig, version));
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    rig_stop(&rig);
    fake_cluster_free(&cluster);
    fake_store_free(&store);
}

Test(startup, nonsense_instead_of_a_map_is_refused)
{
    static const char *const maps[] = {
        "-ERR This instance has cluster support disabled\r\n",
        "*0\r\n",
        "+OK\r\n",
        "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$9\r\n127.0.0.1\r\n:1\r\n",
        "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n$9\r\n127.0.0.1\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:70000\r\n",
        "*1\r\n*2\r\n:0\r\n:16383\r\n",
        "*100000000\r\n",
        "garbage\r\n",
    };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .start_dead = true,
                                                          .with_store = true,
                                                          .request_timeout = "300ms",
                                                          .refresh = "100ms"});
    struct fake_node *node = rig_node(rig, 0);

    fake_node_tell_slots(node, maps[0]);
    fake_node_return(node);
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        fake_node_tell_slots(node, maps[i]);
        size_t asked = fake_node_count(node, "CLUSTER SLOTS");
        cr_expect(WAIT_FOR(fake_node_count(node, "CLUSTER SLOTS") >= asked + 2), "%s", maps[i]);
        EXPECT_STARTS(ask(rig, "GET", "k"), "-CLUSTERDOWN ");
    }
    fake_node_tell_slots(node, NULL);
    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    rig_stop(&rig);
}

Test(startup, an_old_map_from_a_node_that_was_left_behind_is_not_taken_back)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .with_store = true, .refresh = "100ms", .request_timeout = "5s"});
    struct bytes old = {0};
    fake_cluster_print_slots(rig_cluster(rig), &old);
    long long version = metric(rig, "topology_version");

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_cluster_give(rig_cluster(rig), 0, 8191, 1);
    cr_expect(rig_topology_passes(rig, version));
    fake_node_tell_slots(rig_node(rig, 0), old.at);
    for (int i = 0; i < 200; i++) {
        cr_expect_str_eq(ask(rig, "GET", "k"), "1");
        wait_a_moment();
    }
    rig_stop(&rig);
    bytes_clear(&old);
}
