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

/* A node of the first owes the rest of a long reply; nobody else holds anything. */
Test(pools, that_hold_all_they_may_leave_the_others_alone)
{
    enum { MEGABYTE = 1024 * 1024 };
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .other_nodes = 1, .request_timeout = "60s", .clients = "memory_limit: 4mb"});
    struct fake_node *other = fake_cluster_node(rig_other_cluster(rig), 0);
    struct wire *large = rig_connect(rig);
    struct wire *wire = wire_open(rig_other_port(rig));

    script(rig, 0, WANT("MGET", "{k}a", "{k}b"), SAY("*2\r\n$16777216\r\n%*s", 12 * MEGABYTE, ""),
           STALL, CLOSE, WANT("MGET", "{k}a", "{k}b"), SAY("*2\r\n$-1\r\n$-1\r\n"),
           WANT("GET", "k"), SAY("$1\r\n1\r\n"));
    fake_node_script(other, WANT("GET", "k"), SAY("$1\r\n2\r\n"));
    wire_request(large, "MGET", "{k}a", "{k}b");
    cr_expect(WAIT_FOR(rig_metric(rig, "pool_buffered_bytes", "main") >= 12 * MEGABYTE));
    cr_expect_eq(rig_metric(rig, "pool_memory_level", "main"), 2);
    cr_expect_str_eq(ask(rig, "GET", "k"),
                     "-ERR proxy: overloaded: memory for requests and replies is used up");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect_eq(metric(rig, "memory_level"), 0, "the process has more");
    cr_expect_eq(rig_metric(rig, "pool_memory_level", "other"), 0);
    cr_expect_lt(rig_metric(rig, "pool_buffered_bytes", "other"), MEGABYTE);
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "2");
    fake_node_release(rig_node(rig, 0));
    wire_expect(large, "*2\r\n$-1\r\n$-1\r\n");
    cr_expect(WAIT_FOR(rig_metric(rig, "pool_memory_level", "main") == 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect(rig_has_written(rig, "memory is spent: new requests are refused pool=main"));
    wire_close(&wire);
    rig_stop(&rig);
}

static void answer_at_length(void *context, const struct fake_command *command UNUSED,
                             struct bytes *answer)
{
    int size = *(const int *)context;

    bytes_print(answer, "$%d\r\n%*s\r\n", size, size, "");
}

/* The other one's client holds as much as each of theirs. */
Test(pools, that_hold_too_much_lose_their_own_largest_holders_only)
{
    enum { MEGABYTE = 1024 * 1024, READERS = 12 };
    static int value = 10 * MEGABYTE;
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1,
        .other_nodes = 1,
        .request_timeout = "60s",
        .clients = "memory_limit: 48mb",
        .backend = "silent_after: 30s", /* composing such answers takes a node long */
    });
    struct wire *wire = wire_open(rig_other_port(rig));

    fake_node_handle(rig_node(rig, 0), answer_at_length, &value);
    fake_node_handle(fake_cluster_node(rig_other_cluster(rig), 0), answer_at_length, &value);
    wire_shrink_receive_buffer(wire);
    wire_request(wire, "GET", "k");
    cr_expect(WAIT_FOR(rig_metric(rig, "pool_buffered_bytes", "other") > value / 2));
    for (int i = 0; i < READERS; i++) {
        struct wire *reader = rig_connect(rig);

        wire_shrink_receive_buffer(reader);
        wire_request(reader, "GET", "k");
    }
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "memory_limit") > 0 &&
                       rig_metric(rig, "pool_memory_level", "main") < 2));
    cr_expect_eq(metric(rig, "memory_level"), 0, "the process has more");
    cr_expect_gt(rig_metric(rig, "pool_buffered_bytes", "other"), value / 2, "it still has its");
    cr_expect_eq(rig_metric(rig, "downstream_connections_active", "other"), 1);
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
