/* Several connections to a node: each client keeps to one of them, so its order is that one's. */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(connections, .timeout = 60, .fini = rig_clean_up);

enum { CLIENTS = 12, ROUNDS = 20, CONNECTIONS = 4 };

static void append_all(struct rig *rig, struct wire **wires)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            wire_request(wires[i], "APPEND", rig_print(rig, "{k}%02d", i), ".");
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            cr_expect_gt(atoi(wire_text(wires[i])), 0);
        }
    }
}

/* Over how many connections have requests of that client come, of those above `before`? */
static int count_used(struct rig *rig, int client, size_t before)
{
    const char *request = rig_print(rig, "APPEND {k}%02d ", client);
    size_t accepted = fake_node_accepted(rig_node(rig, 0));
    int used = 0;

    for (size_t number = before + 1; number <= accepted; number++) {
        char *log = fake_node_log(rig_node(rig, 0), (int)number);
        used += strstr(log, request) != NULL;
        free(log);
    }
    return used;
}

Test(connections, a_client_keeps_to_one_even_after_it_broke)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "30s", .with_store = true, .backend = "connections: 4"});
    struct wire *wires[CLIENTS];

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
    }
    append_all(rig, wires);
    cr_expect_geq(metric(rig, "upstream_connections_active"), CONNECTIONS);
    for (int i = 0; i < CLIENTS; i++) {
        cr_expect_eq(count_used(rig, i, 0), 1, "client %d", i);
    }
    size_t before = fake_node_accepted(rig_node(rig, 0));
    fake_node_drop_connections(rig_node(rig, 0));
    cr_expect(WAIT_FOR(metric(rig, "upstream_lost_total") >= CONNECTIONS));
    append_all(rig, wires);
    for (int i = 0; i < CLIENTS; i++) {
        cr_expect_eq(count_used(rig, i, before), 1, "client %d", i);
    }
    rig_stop(&rig);
}

/* One connection in trouble costs the clients of the others nothing. */
Test(connections, that_break_or_stall_are_only_their_own_clients_trouble)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .request_timeout = "30s", .backend = "connections: 2"});
    struct wire *first = rig_connect(rig);
    struct wire *second = rig_connect(rig);
    script(rig, 0, WANT("GET", "k"), WANT("GET", "c"), SAY("$1\r\nc\r\n"), WANT("GET", "b"), CLOSE,
           WANT("GET", "b"), SAY("$1\r\nb\r\n"));

    wire_request(first, "GET", "k");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "GET k") == 1));
    cr_expect_str_eq(wire_ask(second, "GET", "c"), "c");
    cr_expect_str_eq(wire_ask(second, "GET", "b"), "b");
    cr_expect_not(wire_has_input(first));
    fake_node_drop_connections(rig_node(rig, 0));
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nk\r\n"));
    cr_expect_str_eq(wire_text(first), "k");
    rig_stop(&rig);
}
