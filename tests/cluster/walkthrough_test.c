/* The well-known walk through a cluster of six nodes, through slotway: every step on one cluster,
 * with load that checks every reply.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/load.h"
#include "tests/support/real_cluster.h"
#include "tests/support/resp.h"

TestSuite(walkthrough, .timeout = 240, .fini = rig_clean_up);

/* "b" lies in the slots of node 0 at first, "k" of node 1, "a" of node 2. */
static void basic_operations(struct rig *rig)
{
    cr_expect_str_eq(ask(rig, "SET", "b", "0"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "a", "2"), "OK");
    cr_expect_str_eq(ask(rig, "MGET", "a", "b", "k", "none"), "[2 0 1 (nil)]");
    cr_expect_str_eq(ask(rig, "HSET", "hash", "field", "value"), "1");
    cr_expect_str_eq(ask(rig, "HGETALL", "hash"), "[field value]");
    cr_expect_str_eq(ask(rig, "ZADD", "zset", "1", "one", "2", "two"), "2");
    cr_expect_str_eq(ask(rig, "ZRANGE", "zset", "0", "-1"), "[one two]");
    cr_expect_str_eq(ask(rig, "EXPIRE", "hash", "100"), "1");
    cr_expect_str_eq(ask(rig, "DBSIZE"), "5");
    cr_expect_str_eq(ask(rig, "DEL", "hash", "zset"), "2");
    EXPECT_STARTS(ask(rig, "LPUSH", "b", "x"), "-WRONGTYPE ");
}

static void a_killed_primary_is_replaced(struct real_cluster *cluster, struct rig *rig)
{
    struct load *others = load_start((struct load_options){
        .port = rig_port(rig), .clients = 2, .keys = 20, .slot_from = 5461, .slot_to = 16383});

    int heir = real_cluster_replica_of(cluster, 0);

    cr_expect(WAIT_FOR(load_progress(others) > 1000));
    long long lost = metric(rig, "upstream_lost_total");
    real_cluster_do(cluster, "kill", 0);
    /* What is written to a connection before its end is noticed has an unknown outcome. */
    cr_expect(WAIT_FOR(metric(rig, "upstream_lost_total") > lost));
    wire_request(rig_client(rig), "INCR", "b");
    cr_expect(WAIT_FOR(real_cluster_is_primary(cluster, heir)));
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    real_cluster_do(cluster, "restart", 0);
    cr_expect_str_eq(ask(rig, "INCR", "b"), "2");
    cr_expect(WAIT_FOR(!real_cluster_is_primary(cluster, 0)));
    cr_expect_eq(real_cluster_replica_of(cluster, heir), 0);
    struct load_result result = load_stop(&others);
    cr_expect_eq(result.errors, 0, "%s", result.first_error);
    cr_expect_eq(result.wrong, 0, "%s", result.first_wrong);
}

static void a_dead_shard_costs_its_own_slots_only(struct real_cluster *cluster, struct rig *rig)
{
    struct load *others = load_start((struct load_options){
        .port = rig_port(rig), .clients = 2, .keys = 20, .slot_from = 0, .slot_to = 10922});

    int replica = real_cluster_replica_of(cluster, 2);

    real_cluster_do(cluster, "kill", replica);
    real_cluster_do(cluster, "kill", 2);
    EXPECT_STARTS(ask(rig, "GET", "a"), "-CLUSTERDOWN ");
    uint64_t before = load_progress(others);
    cr_expect(WAIT_FOR(load_progress(others) > before + 1000));
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    EXPECT_STARTS(ask(rig, "MGET", "k", "a"), "-CLUSTERDOWN ");
    struct load_result result = load_stop(&others);
    cr_expect_eq(result.errors, 0, "%s", result.first_error);
    cr_expect_eq(result.wrong, 0, "%s", result.first_wrong);
    real_cluster_do(cluster, "restart", 2);
    real_cluster_do(cluster, "restart", replica);
    cr_expect(WAIT_FOR(ask(rig, "SET", "a", "back")[0] == 'O'));
    cr_expect_str_eq(ask(rig, "GET", "a"), "back");
}

static void a_new_node_becomes_replica_of_a_chosen_primary(struct real_cluster *cluster,
                                                           struct rig *rig)
{
    char port[8];

    snprintf(port, sizeof port, "%u", real_cluster_port(cluster, 6));
    real_cluster_run(cluster, "add-replica", port, "--of", "1");
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    real_cluster_do(cluster, "failover", 6);
    cr_expect(real_cluster_is_primary(cluster, 6));
    cr_expect_str_eq(ask(rig, "INCR", "k"), "2");
}

static void slots_move_under_load(struct real_cluster *cluster, struct rig *rig)
{
    char port[8];
    struct load *load =
        load_start((struct load_options){.port = rig_port(rig), .clients = 4, .keys = 100});

    snprintf(port, sizeof port, "%u", real_cluster_port(cluster, 7));
    cr_expect(WAIT_FOR(load_progress(load) > 5000));
    real_cluster_run(cluster, "add-primary", port);
    real_cluster_run(cluster, "reshard", "--from", "2", "--to", "7", "--slots", "500");
    real_cluster_run(cluster, "reshard", "--from", "7", "--to", "6", "--slots", "500");
    uint64_t before = load_progress(load);
    cr_expect(WAIT_FOR(load_progress(load) > before + 1000));
    struct load_result result = load_stop(&load);
    cr_expect_eq(result.errors, 0, "%llu errors of %llu, first: %s",
                 (unsigned long long)result.errors, (unsigned long long)result.requests,
                 result.first_error);
    cr_expect_eq(result.wrong, 0, "%llu of %llu, first: %s", (unsigned long long)result.wrong,
                 (unsigned long long)result.requests, result.first_wrong);
    cr_expect_gt(metric(rig, "redirect_moved_total"), 0);
}

Test(walkthrough, of_a_cluster_of_six)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "8s");

    basic_operations(rig);
    a_killed_primary_is_replaced(cluster, rig);
    a_dead_shard_costs_its_own_slots_only(cluster, rig);
    a_new_node_becomes_replica_of_a_chosen_primary(cluster, rig);
    slots_move_under_load(cluster, rig);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
