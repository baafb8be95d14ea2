/* Failovers under pipelined load: planned ones cost nobody anything, a killed primary costs its
 * own slots a wait, and nobody ever a wrong reply.
 */
#include <signal.h>
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/load.h"
#include "tests/support/real_cluster.h"

TestSuite(failover, .timeout = 240, .fini = rig_clean_up);

static void expect_unnoticed(struct load_result result)
{
    cr_expect_eq(result.errors, 0, "%llu errors, first: %s", (unsigned long long)result.errors,
                 result.first_error);
    cr_expect_eq(result.wrong, 0, "%llu wrong, first: %s", (unsigned long long)result.wrong,
                 result.first_wrong);
}

static void fail_over_on_purpose(struct real_cluster *cluster, struct rig *rig)
{
    enum { ROUNDS = 2 };
    struct load *load =
        load_start((struct load_options){.port = rig_port(rig), .clients = 6, .keys = 60});
    int primaries[] = {0, 1, 2};

    for (int i = 0; i < ROUNDS * (int)ARRAY_LEN(primaries); i++) {
        int *primary = &primaries[i % (int)ARRAY_LEN(primaries)];
        uint64_t before = load_progress(load);
        cr_expect(WAIT_FOR(load_progress(load) > before + 2000));
        *primary = real_cluster_replica_of(cluster, *primary);
        real_cluster_do(cluster, "failover", *primary);
    }
    struct load_result result = load_stop(&load);
    cr_expect_gt(result.requests, 12000);
    expect_unnoticed(result);
}

/* Nothing is with a node while its replica takes over: of the pool, and of the one node, whose
 * requests then go to who has taken over. */
static void fail_over_in_a_pause(struct real_cluster *cluster, struct rig *rig)
{
    struct load *load =
        load_start((struct load_options){.port = rig_port(rig), .clients = 6, .keys = 60});

    for (int i = 0; i < 2; i++) {
        int primary = i == 0 ? 0 : 2;
        uint64_t before = load_progress(load);

        cr_expect(WAIT_FOR(load_progress(load) > before + 2000));
        const char *held =
            i == 0 ? ask(rig, "PROXY", "PAUSE")
                   : ask(rig, "PROXY", "PAUSE", "NODE",
                         rig_print(rig, "127.0.0.1:%u", real_cluster_port(cluster, primary)));

        EXPECT_CONTAINS(held, " workers all in_flight 0 ");
        real_cluster_do(cluster, "failover", real_cluster_replica_of(cluster, primary));
        if (i == 0) {
            cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), "1");
        }
        before = load_progress(load);
        cr_expect(WAIT_FOR(load_progress(load) > before + 2000));
        cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), i == 0 ? "0" : "1");
    }
    expect_unnoticed(load_stop(&load));
}

static void kill_a_primary(struct real_cluster *cluster, struct rig *rig)
{
    int victim = 1;
    int heir = real_cluster_replica_of(cluster, victim);
    struct load *hit = load_start((struct load_options){
        .port = rig_port(rig), .clients = 3, .keys = 30, .slot_from = 5461, .slot_to = 10922});
    struct load *spared = load_start((struct load_options){
        .port = rig_port(rig), .clients = 3, .keys = 30, .slot_from = 10923, .slot_to = 16383});

    cr_expect(WAIT_FOR(load_progress(hit) > 2000 && load_progress(spared) > 2000));
    real_cluster_do(cluster, "kill", victim);
    uint64_t before = load_progress(spared);
    cr_expect(WAIT_FOR(load_progress(spared) > before + 2000));
    cr_expect(WAIT_FOR_MS(2 * WAIT_MS, real_cluster_is_primary(cluster, heir)));
    before = load_progress(hit);
    cr_expect(WAIT_FOR(load_progress(hit) > before + 200));
    uint64_t served_again = wait_now_ms();
    before = load_progress(hit);
    cr_expect(WAIT_FOR(load_progress(hit) > before + 2000));
    struct load_result hit_result = load_stop(&hit);
    struct load_result spared_result = load_stop(&spared);
    expect_unnoticed(spared_result);
    if (hit_result.errors > 0) {
        EXPECT_CONTAINS(hit_result.first_error, "outcome unknown");
        cr_expect_leq(hit_result.last_error_ms, served_again);
    }
}

/* The killed primary's last writes may not have reached its replica: Redis promises no more. So
 * crashes come after the failovers whose every reply must be right. */
Test(failover, planned_ones_are_not_noticed_and_crashes_only_where_they_happen)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "8s");

    fail_over_on_purpose(cluster, rig);
    fail_over_in_a_pause(cluster, rig);
    kill_a_primary(cluster, rig);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
