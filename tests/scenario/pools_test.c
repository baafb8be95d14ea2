/* Several clusters behind one process, and several workers. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(pools, .timeout = 60, .fini = rig_clean_up);

Test(pools, keep_their_clusters_apart)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .other_nodes = 1, .request_timeout = "500ms"});
    struct fake_node *other = fake_cluster_node(rig_other_cluster(rig), 0);
    struct wire *wire = wire_open(rig_other_port(rig));
    cr_assert_not_null(wire);
    cr_expect(WAIT_FOR(fake_node_count(other, "CLUSTER SLOTS") > 0));
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\n1\r\n"), WANT("GET", "k"), SAY("$1\r\n3\r\n"));
    fake_node_script(other, WANT("GET", "k"), SAY("$1\r\n2\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "2");
    fake_node_die(other);
    EXPECT_STARTS(wire_ask(wire, "SET", "k", "1"), "-CLUSTERDOWN ");
    cr_expect_str_eq(ask(rig, "GET", "k"), "3");
    wire_close(&wire);
    rig_stop(&rig);
}

/* Each worker has one connection to the node, so what came by a connection is a worker's. */
Test(pools, fifty_clients_share_two_workers_evenly)
{
    enum { CLIENTS = 50 };
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .workers = 2, .with_store = true});
    struct fake_node *node = rig_node(rig, 0);
    int used = 0;

    for (int i = 0; i < CLIENTS; i++) {
        cr_expect_str_eq(wire_ask(rig_connect(rig), "INCR", "k"), rig_print(rig, "%d", i + 1));
    }
    for (int connection = 1; connection <= (int)fake_node_accepted(node); connection++) {
        char *log = fake_node_log(node, connection);
        size_t size = strlen("INCR k | ") * (CLIENTS / 2) - strlen(" | ");
        used += log[0] != '\0';
        cr_expect(log[0] == '\0' || strlen(log) == size, "connection %d: %s", connection, log);
        free(log);
    }
    cr_expect_eq(used, 2);
    rig_stop(&rig);
}

Test(pools, clients_of_several_workers_work_on_the_same_keys)
{
    enum { CLIENTS = 10, ROUNDS = 100 };
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 3, .workers = 3, .with_store = true, .request_timeout = "10s"});
    struct wire *wires[CLIENTS];

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        for (int round = 0; round < ROUNDS; round++) {
            wire_request(wires[i], "INCR", "k");
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        int before = 0;
        for (int round = 0; round < ROUNDS; round++) {
            int now = atoi(wire_text(wires[i]));
            cr_expect_gt(now, before);
            before = now;
        }
    }
    cr_expect_str_eq(ask(rig, "GET", "k"), "1000");
    rig_stop(&rig);
}

Test(pools, several_connections_to_a_node_keep_each_client_in_order)
{
    enum { CLIENTS = 10, ROUNDS = 200 };
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .with_store = true, .request_timeout = "10s", .backend = "connections: 4"});
    struct wire *wires[CLIENTS];

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        for (int round = 0; round < ROUNDS; round++) {
            wire_request(wires[i], "APPEND", rig_print(rig, "key%d", i), ".");
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            cr_expect_eq(atoi(wire_text(wires[i])), round + 1);
        }
    }
    rig_stop(&rig);
}
