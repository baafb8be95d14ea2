/* Clients that speak the cluster protocol, real ones, with slotways in the place of nodes. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/ports.h"
#include "tests/support/rig.h"

TestSuite(cluster_clients, .timeout = 120, .fini = rig_clean_up);

static struct bytes output;

/* What a program says; a test that cannot go on without its success fails. */
static const char *run_list(const char *const *argv)
{
    bytes_clear(&output);
    int code = process_run(argv, &output);
    cr_assert_eq(code, 0, "%s: %s", argv[0], output.at);
    return output.at;
}

#define run(...) run_list((const char *const[]){__VA_ARGS__, NULL})

Test(cluster_clients, redis_cli_finds_all_slots_at_one_slotway)
{
    struct rig *rig = rig_start_store(3);
    const char *port = rig_print(rig, "%u", rig_port(rig));

    cr_expect_str_eq(run("redis-cli", "-c", "-p", port, "set", "b", "1"), "OK\n");
    cr_expect_str_eq(run("redis-cli", "-c", "-p", port, "get", "b"), "1\n");
    rig_stop(&rig);
    bytes_clear(&output);
}

/* One process that is reached at two addresses serves as two slotways. */
Test(cluster_clients, two_slotways_share_the_work)
{
    struct port first = port_reserve();
    struct port second = port_reserve();
    char both[64];
    char port[8];

    snprintf(both, sizeof both, "127.0.0.1:%u,127.0.0.1:%u", first.number, second.number);
    snprintf(port, sizeof port, "%u", first.number);
    setenv("SLOTWAY_LISTEN", both, 1);
    setenv("SLOTWAY_ANNOUNCE_NODES", both, 1);
    struct rig *rig = rig_start_store(3);

    const char *said = run("redis-benchmark", "--cluster", "-p", port, "-t", "set,get", "-n",
                           "2000", "-r", "1000", "-c", "10", "-P", "4", "-q");
    EXPECT_CONTAINS(said, "Cluster has 2 master nodes");
    EXPECT_CONTAINS(said, rig_print(rig, "127.0.0.1:%u", second.number));
    EXPECT_CONTAINS(said, "GET: ");
    cr_expect_geq(metric(rig, "downstream_requests_total"), 4000);
    cr_expect_eq(metric(rig, "error_replies_total"), 0);
    EXPECT_CONTAINS(run("redis-cli", "-p", port, "cluster", "nodes"),
                    rig_print(rig, ":%u@0 myself,master - 0 0 1 connected 0-8191", first.number));
    rig_stop(&rig);
    port_release(&first);
    port_release(&second);
    bytes_clear(&output);
}

Test(cluster_clients, keys_of_a_slot_come_from_the_node_that_has_them)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("CLUSTER", "COUNTKEYSINSLOT", "3300"), SAY(":2\r\n"));
    script(rig, 1, WANT("CLUSTER", "GETKEYSINSLOT", "15495", "1"), SAY("*1\r\n$1\r\na\r\n"));

    cr_expect_str_eq(ask(rig, "CLUSTER", "COUNTKEYSINSLOT", "3300"), "2");
    cr_expect_str_eq(ask(rig, "CLUSTER", "GETKEYSINSLOT", "15495", "1"), "[a]");
    rig_stop(&rig);
}
