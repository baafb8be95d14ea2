/* Failovers under pipelined load: planned ones cost nobody anything, a killed primary costs its
 * own slots a wait, and nobody ever a wrong reply.
 */
#include <signal.h>
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/load.h"
#include "tests/support/real_cluster.h"

TestSuite(failover, .timeout = 240, .fini = rig_clean_up);

Test(failover, planned_ones_are_not_noticed_and_crashes_only_where_they_happen)
{
    enum { FAILOVERS = 6 };
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "8s");

    struct load *load =
        load_start((struct load_options){.port = rig_port(rig), .clients = 6, .keys = 60});
    for (int i = 0; i < FAILOVERS; i++) {
        uint64_t before = load_progress(load);
        cr_expect(WAIT_FOR(load_progress(load) > before + 2000));
        char node[4];
        snprintf(node, sizeof node, "%d", i % 2 == 0 ? 3 + i % 3 : i % 3);
        if (!real_cluster_is_primary(cluster, node[0] - '0')) {
            real_cluster_run(cluster, "failover", node);
        }
    }
    struct load_result result = load_stop(&load);
    cr_expect_gt(result.requests, 10000);
    cr_expect_eq(result.errors, 0, "%llu errors, first: %s", (unsigned long long)result.errors,
                 result.first_error);
    cr_expect_eq(result.wrong, 0, "%llu wrong, first: %s", (unsigned long long)result.wrong,
                 result.first_wrong);

    int victim = real_cluster_is_primary(cluster, 1) ? 1 : 4;
    int heir = victim == 1 ? 4 : 1;
    struct load *hit = load_start((struct load_options){
        .port = rig_port(rig), .clients = 3, .keys = 30, .slot_from = 5461, .slot_to = 10922});
    struct load *spared = load_start((struct load_options){
        .port = rig_port(rig), .clients = 3, .keys = 30, .slot_from = 10923, .slot_to = 16383});
    cr_expect(WAIT_FOR(load_progress(hit) > 2000 && load_progress(spared) > 2000));
    char node[4];
    snprintf(node, sizeof node, "%d", victim);
    real_cluster_run(cluster, "kill", node);
    cr_expect(WAIT_FOR(real_cluster_is_primary(cluster, heir)));
    uint64_t promoted = wait_now_ms();
    uint64_t before = load_progress(hit);
    cr_expect(WAIT_FOR(load_progress(hit) > before + 200));
    uint64_t took = wait_now_ms() - promoted;
    cr_expect_lt(took, 1500, "back %llu ms after the promotion", (unsigned long long)took);
    struct load_result hit_result = load_stop(&hit);
    struct load_result spared_result = load_stop(&spared);
    cr_expect_eq(spared_result.errors, 0, "%s", spared_result.first_error);
    cr_expect_eq(spared_result.wrong, 0, "%s", spared_result.first_wrong);
    cr_expect_lt(spared_result.longest_ms, 2000, "%llu ms",
                 (unsigned long long)spared_result.longest_ms);
    if (hit_result.errors > 0) {
        EXPECT_CONTAINS(hit_result.first_error, "outcome unknown");
        cr_expect_lt(hit_result.last_error_ms, promoted + 1000);
    }
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
