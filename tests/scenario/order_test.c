/* Effects of one client on one slot happen in the order of its requests, whatever is redirected.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(order, .timeout = 120, .fini = rig_clean_up);

static struct rig *start_patient(int nodes)
{
    return rig_start_with((struct rig_options){.nodes = nodes, .request_timeout = "10s"});
}

Test(order, what_was_in_flight_behind_a_moved_request_follows_it_in_order)
{
    struct rig *rig = start_patient(2);
    const char *there = rig_address(rig, 1);
    script(rig, 0, WANT("SET", "k", "1"), WANT("APPEND", "k", "2"), WANT("GET", "k"),
           SAY("-MOVED 7629 %s\r\n", there), SAY("-MOVED 7629 %s\r\n", there),
           SAY("-MOVED 7629 %s\r\n", there));
    script(rig, 1, WANT("SET", "k", "1"), SAY("+OK\r\n"), WANT("APPEND", "k", "2"), SAY(":2\r\n"),
           WANT("GET", "k"), SAY("$2\r\n12\r\n"));

    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "APPEND", "k", "2");
    wire_request(rig_client(rig), "GET", "k");
    wire_expect(rig_client(rig), "+OK\r\n:2\r\n$2\r\n12\r\n");
    rig_stop(&rig);
}

Test(order, a_late_moved_does_not_let_a_later_request_go_first)
{
    struct rig *rig = start_patient(2);
    const char *there = rig_address(rig, 1);
    script(rig, 0, WANT("SET", "k", "1"), WANT("APPEND", "k", "2"), STALL,
           SAY("-MOVED 7629 %s\r\n", there), SAY("-MOVED 7629 %s\r\n", there));
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\nm\r\n"), WANT("SET", "k", "1"), SAY("+OK\r\n"),
           WANT("APPEND", "k", "2"), SAY(":2\r\n"), WANT("APPEND", "k", "3"), SAY(":3\r\n"));
    struct wire *other = rig_connect(rig);

    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "APPEND", "k", "2");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    long long version = metric(rig, "topology_version");
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    cr_expect(rig_topology_passes(rig, version));
    wire_request(rig_client(rig), "APPEND", "k", "3");
    /* When another client of the same worker is answered, the request before it was looked at. */
    cr_expect_str_eq(wire_ask(other, "GET", "a"), "m");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "APPEND"), 0);
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+OK\r\n:2\r\n:3\r\n");
    rig_stop(&rig);
}

Test(order, what_comes_behind_a_moved_request_waits_for_all_that_were_in_flight)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .request_timeout = "10s", .with_store = true});
    const char *there = rig_address(rig, 1);
    script(rig, 0, WANT("SET", "k", "1"), WANT("APPEND", "k", "2"),
           SAY("-MOVED 7629 %s\r\n", there), STALL, SAY("-MOVED 7629 %s\r\n", there));
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);

    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "APPEND", "k", "2");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect(WAIT_FOR(metric(rig, "redirect_moved_total") == 1));
    wire_request(rig_client(rig), "APPEND", "k", "3");
    cr_expect_not(WAIT_FOR_MS(300, fake_node_count(rig_node(rig, 1), "APPEND k 3") > 0));
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+OK\r\n:2\r\n:3\r\n");
    cr_expect_str_eq(ask(rig, "GET", "k"), "123");
    rig_stop(&rig);
}

Test(order, a_changed_map_does_not_overtake_what_the_old_node_still_has)
{
    struct rig *rig = start_patient(2);
    script(rig, 0, WANT("SET", "k", "1"), SAY_LATER("+OK\r\n"));
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\nm\r\n"), WANT("APPEND", "k", "2"), SAY(":2\r\n"));

    wire_request(rig_client(rig), "SET", "k", "1");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    long long version = metric(rig, "topology_version");
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    cr_expect(rig_topology_passes(rig, version));
    wire_request(rig_client(rig), "APPEND", "k", "2");
    wire_request(rig_client(rig), "GET", "a");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 1), "GET a") == 1));
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "APPEND"), 0);
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+OK\r\n:2\r\n$1\r\nm\r\n");
    rig_stop(&rig);
}

Test(order, behind_an_asked_request_the_slot_waits)
{
    struct rig *rig = start_patient(2);
    const char *there = rig_address(rig, 1);
    script(rig, 0, WANT("SET", "k", "1"), SAY("-ASK 7629 %s\r\n", there), WANT("GET", "c"),
           SAY("$1\r\nm\r\n"), WANT("APPEND", "k", "2"), SAY("-ASK 7629 %s\r\n", there));
    script(rig, 1, WANT("ASKING"), WANT("SET", "k", "1"), STALL, SAY("+OK\r\n"), SAY("+OK\r\n"),
           WANT("ASKING"), SAY("+OK\r\n"), WANT("APPEND", "k", "2"), SAY(":2\r\n"));

    wire_request(rig_client(rig), "SET", "k", "1");
    cr_expect(fake_node_has_stalled(rig_node(rig, 1)));
    wire_request(rig_client(rig), "APPEND", "k", "2");
    wire_request(rig_client(rig), "GET", "c");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "GET c") == 1));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "APPEND"), 0);
    fake_node_release(rig_node(rig, 1));
    wire_expect(rig_client(rig), "+OK\r\n:2\r\n$1\r\nm\r\n");
    rig_stop(&rig);
}

Test(order, behind_a_request_that_tries_again_the_slot_waits)
{
    struct rig *rig = start_patient(1);
    script(rig, 0, WANT("SET", "k", "1"),
           SAY("-TRYAGAIN Multiple keys request during rehashing of slot\r\n"),
           WANT("SET", "k", "1"), STALL, SAY("+OK\r\n"), WANT("APPEND", "k", "2"), SAY(":2\r\n"));

    wire_request(rig_client(rig), "SET", "k", "1");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    wire_request(rig_client(rig), "APPEND", "k", "2");
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+OK\r\n:2\r\n");
    rig_stop(&rig);
}

Test(order, a_client_does_not_wait_for_another_client_that_was_redirected)
{
    struct rig *rig = start_patient(2);
    script(rig, 0, WANT("GET", "k"), SAY("-ASK 7629 %s\r\n", rig_address(rig, 1)),
           WANT("GET", "{k}2"), SAY("$1\r\nw\r\n"));
    script(rig, 1, WANT("ASKING"), WANT("GET", "k"), STALL, SAY("+OK\r\n"), SAY("$1\r\nv\r\n"));
    struct wire *other = rig_connect(rig);

    wire_request(rig_client(rig), "GET", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 1)));
    cr_expect_str_eq(wire_ask(other, "GET", "{k}2"), "w");
    fake_node_release(rig_node(rig, 1));
    cr_expect_str_eq(wire_text(rig_client(rig)), "v");
    rig_stop(&rig);
}

Test(order, replies_leave_in_order_however_nodes_answer)
{
    struct rig *rig = start_patient(2);
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\n1\r\n"));
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\n2\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    wire_request(rig_client(rig), "GET", "a");
    wire_request(rig_client(rig), "ECHO", "3");
    cr_expect(fake_node_is_done(rig_node(rig, 1), WAIT_MS));
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_not(wire_has_input(rig_client(rig)));
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
    rig_stop(&rig);
}

/* The slot comes back to a node only when all that was asked there before has been answered: a
 * request that still lies unread in a node when its slot is back overtakes those that were sent
 * away, and no proxy can help that. So all workers know where it is before it wanders. */
enum { WRITERS = 6, ROUNDS = 60, BURST = 20, NODES = 6, ROUNDS_UNREAD = 4 };

static void append_burst(struct wire *wire, int writer, int round)
{
    for (int i = 0; i < BURST; i++) {
        wire_send(wire, "*3\r\n$6\r\nAPPEND\r\n$7\r\n{k}key%d\r\n$6\r\n%05d,\r\n", writer,
                  round * BURST + i);
    }
}

static void expect_counted_up(struct rig *rig, int writer)
{
    char *value = fake_store_get(rig_store(rig), rig_print(rig, "{k}key%d", writer));
    struct bytes wanted = {0};

    for (int i = 0; i < ROUNDS * BURST; i++) {
        bytes_print(&wanted, "%05d,", i);
    }
    cr_assert_not_null(value);
    cr_expect_str_eq(value, wanted.at);
    free(value);
    bytes_clear(&wanted);
}

Test(order, holds_while_a_slot_wanders_under_load)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = NODES,
                                                          .workers = 2,
                                                          .request_timeout = "10s",
                                                          .refresh = "100ms",
                                                          .with_store = true});
    struct wire *wires[WRITERS];

    fake_cluster_give(rig_cluster(rig), 7629, 7629, NODES - 1);
    for (int i = 0; i < WRITERS; i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(wires[i], "GET", "k"), "(nil)");
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < WRITERS; i++) {
            append_burst(wires[i], i, round);
        }
        fake_cluster_give(rig_cluster(rig), 7629, 7629, round % NODES);
        for (int i = 0; i < WRITERS && round % ROUNDS_UNREAD == ROUNDS_UNREAD - 1; i++) {
            for (int reply = 0; reply < ROUNDS_UNREAD * BURST; reply++) {
                long long length = 6LL * ((round - ROUNDS_UNREAD + 1) * BURST + reply + 1);
                cr_assert_str_eq(wire_text(wires[i]), rig_print(rig, "%lld", length));
            }
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        expect_counted_up(rig, i);
    }
    cr_expect_gt(metric(rig, "redirect_moved_total"), 0);
    rig_stop(&rig);
}
