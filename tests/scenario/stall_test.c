/* Nodes that stop without a word, as a process that is stopped or a machine that swaps: what had
 * not been sent waits, nobody gets another one's reply, and what goes on goes on by itself.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(stall, .timeout = 120, .fini = rig_clean_up);

/* Silence is soon noticed, and then waited for as long as it takes. A node that does not answer a
 * probe within `probe_timeout` counts as stopped. */
static struct rig *start_with_probes(int nodes, const char *probe_timeout)
{
    return rig_start_with((struct rig_options){.nodes = nodes,
                                               .workers = 1,
                                               .request_timeout = "60s",
                                               .connect_timeout = probe_timeout,
                                               .refresh = "100ms",
                                               .backend = "silent_after: 50ms",
                                               .with_store = true});
}

static struct rig *start_watchful(int nodes)
{
    return start_with_probes(nodes, "200ms");
}

/* Stops node 0 with a request of `client` in its hands, and waits until slotway knows. */
static void stop_with(struct rig *rig, struct wire *client, const char *command, const char *key)
{
    fake_node_pause(rig_node(rig, 0));
    wire_request(client, command, key);
    cr_assert(WAIT_FOR(metric(rig, "breakers_open") == 1));
}

Test(stall, requests_wait_for_a_node_that_stopped_and_run_once_when_it_goes_on)
{
    enum { CLIENTS = 20 };
    struct rig *rig = start_watchful(2);
    struct wire *wires[CLIENTS];
    int sum = 0;

    cr_expect_str_eq(ask(rig, "SET", "k", "0"), "OK");
    stop_with(rig, rig_client(rig), "INCR", "k");
    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        wire_request(wires[i], "INCR", "k");
        wire_request(wires[i], "ECHO", rig_print(rig, "%d", i));
    }
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == CLIENTS));
    fake_node_resume(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    for (int i = 0; i < CLIENTS; i++) {
        sum += atoi(wire_text(wires[i]));
        cr_expect_str_eq(wire_text(wires[i]), rig_print(rig, "%d", i));
    }
    cr_expect_eq(sum, (2 + CLIENTS + 1) * CLIENTS / 2);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), CLIENTS + 1);
    cr_expect_eq(metric(rig, "outcome_unknown_total"), 0);
    cr_expect_eq(metric(rig, "breakers_open"), 0);
    rig_stop(&rig);
}

Test(stall, other_nodes_do_not_notice)
{
    struct rig *rig = start_watchful(2);
    struct wire *stuck = rig_connect(rig);

    cr_expect_str_eq(wire_ask(stuck, "MSET", "k", "0", "a", "0"), "OK");
    stop_with(rig, stuck, "INCR", "k");
    for (int i = 0; i < 200; i++) {
        cr_expect_str_eq(ask(rig, "INCR", "a"), rig_print(rig, "%d", i + 1));
    }
    cr_expect_not(wire_has_input(stuck));
    fake_node_resume(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(stuck), "1");
    rig_stop(&rig);
}

/* The deadline is a minute away: only the new owner of the slot ends the wait. */
Test(stall, a_write_in_the_hands_of_a_node_that_was_replaced_is_unknown_at_once)
{
    struct rig *rig = start_watchful(2);
    struct wire *reader = rig_connect(rig);
    struct wire *late = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "SET", "k", "5"), "OK");
    stop_with(rig, rig_client(rig), "INCR", "k");
    wire_request(reader, "GET", "k");
    wire_request(late, "APPEND", "k", "0");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 2));
    fake_cluster_give(rig_cluster(rig), 0, 8191, 1);
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "outcome unknown");
    cr_expect_eq(wire_text(reader)[0], '5');
    cr_expect_str_eq(wire_text(late), "2");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "INCR"), 0);
    fake_node_resume(rig_node(rig, 0));
    cr_expect(WAIT_FOR(metric(rig, "late_replies_total") > 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "50");
    cr_expect_str_eq(wire_ask(reader, "GET", "k"), "50");
    rig_stop(&rig);
}

Test(stall, a_read_in_the_hands_of_a_node_that_was_replaced_is_answered_by_its_successor)
{
    struct rig *rig = start_watchful(2);

    cr_expect_str_eq(ask(rig, "SET", "k", "5"), "OK");
    stop_with(rig, rig_client(rig), "GET", "k");
    fake_cluster_give(rig_cluster(rig), 0, 8191, 1);
    cr_expect_str_eq(wire_text(rig_client(rig)), "5");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "GET"), 1);
    fake_node_resume(rig_node(rig, 0));
    rig_stop(&rig);
}

enum { CLIENTS = 8, BURST = 25, STOPS = 12 };

/* Each client counts up in keys of its own and reads them back: a reply that belongs to another
 * request shows at once. */
static void send_burst(struct rig *rig, struct wire *wire, int client, int round)
{
    for (int i = 0; i < BURST; i++) {
        wire_request(wire, "APPEND", rig_print(rig, "{k}%d", client), ".");
        wire_request(wire, "GET", rig_print(rig, "{c}%d:%d", client, round * BURST + i));
        wire_request(wire, "SET", rig_print(rig, "{c}%d:%d", client, round * BURST + i), "x");
    }
}

static void expect_burst(struct rig *rig, struct wire *wire, int round)
{
    for (int i = 0; i < BURST; i++) {
        cr_assert_str_eq(wire_text(wire), rig_print(rig, "%d", round * BURST + i + 1));
        cr_assert_str_eq(wire_text(wire), "(nil)");
        cr_assert_str_eq(wire_text(wire), "OK");
    }
}

Test(stall, again_and_again_under_load_mixes_no_replies_and_shows_no_error)
{
    struct rig *rig = start_watchful(1);
    struct wire *wires[CLIENTS];

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        cr_assert_str_eq(wire_ask(wires[i], "GET", "k"), "(nil)");
    }
    for (int round = 0; round < STOPS; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            send_burst(rig, wires[i], i, round);
            if (i == CLIENTS / 2) {
                fake_node_pause(rig_node(rig, 0));
            }
        }
        cr_assert(WAIT_FOR(metric(rig, "breakers_open") == 1));
        fake_node_resume(rig_node(rig, 0));
        for (int i = 0; i < CLIENTS; i++) {
            expect_burst(rig, wires[i], round);
        }
    }
    cr_expect_eq(metric(rig, "outcome_unknown_total"), 0);
    cr_expect_geq(metric(rig, "breaker_opened_total"), STOPS);
    rig_stop(&rig);
}

/* Writes are paused for a planned failover, and refused when it is done; the node lives all along.
 */
Test(stall, a_node_that_only_holds_back_writes_is_waited_for_without_an_error)
{
    struct rig *rig = start_with_probes(2, "10s");
    const char *moved = rig_print(rig, "-MOVED 7629 %s\r\n", rig_address(rig, 1));

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    script(rig, 0, WANT("APPEND", "k", "2"), WANT("APPEND", "k", "3"), STALL, SAY("%s", moved),
           SAY("%s", moved));
    wire_request(rig_client(rig), "APPEND", "k", "2");
    wire_request(rig_client(rig), "APPEND", "k", "3");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect(WAIT_FOR(metric(rig, "node_suspected_total") > 1));
    cr_expect_eq(metric(rig, "breaker_opened_total"), 0);
    cr_expect_not(wire_has_input(rig_client(rig)));
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), ":2\r\n:3\r\n");
    cr_expect_eq(metric(rig, "outcome_unknown_total"), 0);
    rig_stop(&rig);
}

/* A node in a script reads nothing more on the connection that the script came by, and answers BUSY
 * on others. */
Test(stall, a_script_that_runs_too_long_can_be_killed)
{
    struct rig *rig = start_with_probes(1, "10s");
    struct wire *killer = rig_connect(rig);

    fake_node_handle(rig_node(rig, 0), fake_always, "+OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    script(rig, 0, WANT("EVAL", "while true do end", "1", "k"), STALL,
           SAY("-ERR Error running script: Script killed by user with SCRIPT KILL.\r\n"));
    wire_request(rig_client(rig), "EVAL", "while true do end", "1", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_str_eq(wire_ask(killer, "SCRIPT", "KILL"), "OK");
    fake_node_release(rig_node(rig, 0));
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "Script killed by user");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EVAL"), 1);
    rig_stop(&rig);
}
