/* CLIENT PAUSE: what nodes see of it, and what they do not. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(client_pause, .timeout = 120, .fini = rig_clean_up);

enum { OTHERS = 6 };

Test(client_pause, of_writes_keeps_them_from_the_nodes_until_its_end)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 2, .with_store = true, .workers = 2});
    struct wire *others[OTHERS];

    for (int i = 0; i < OTHERS; i++) {
        others[i] = rig_connect(rig);
        cr_assert_str_eq(wire_ask(others[i], "SET", "k", "before"), "OK");
    }
    cr_expect_str_eq(ask(rig, "CLIENT", "PAUSE", "600000", "WRITE"), "OK");
    for (int i = 0; i < OTHERS; i++) {
        wire_request(others[i], "GET", "k");
        wire_request(others[i], "SET", "k", "after");
        wire_request(others[i], "GET", "k");
        cr_expect_str_eq(wire_text(others[i]), "before");
    }
    cr_expect(WAIT_FOR(metric(rig, "downstream_held_total") == OTHERS));
    cr_expect_str_eq(ask(rig, "GET", "k"), "before");
    EXPECT_CONTAINS(ask(rig, "INFO", "clients"),
                    "paused_reason:client_pause\r\npaused_actions:write\r\n");
    for (int i = 0; i < OTHERS; i++) {
        cr_expect_not(wire_has_input(others[i]));
    }
    cr_expect_str_eq(ask(rig, "CLIENT", "UNPAUSE"), "OK");
    for (int i = 0; i < OTHERS; i++) {
        cr_expect_str_eq(wire_text(others[i]), "OK");
        cr_expect_str_eq(wire_text(others[i]), "after");
    }
    rig_stop(&rig);
}

Test(client_pause, of_everything_finishes_what_is_with_the_nodes)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .workers = 2});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("SET", "k", "v"), SAY_LATER("+OK\r\n"), WANT("GET", "k"),
           SAY("$1\r\nv\r\n"));

    wire_request(other, "SET", "k", "v");
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == 1));
    cr_expect_str_eq(ask(rig, "CLIENT", "PAUSE", "600000"), "OK");
    wire_request(other, "GET", "k");
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(other), "OK");
    cr_expect(WAIT_FOR(metric(rig, "downstream_held_total") == 1));
    cr_expect_str_eq(rig_log(rig, 0), "SET k v");
    cr_expect_str_eq(ask(rig, "CLIENT", "UNPAUSE"), "OK");
    cr_expect_str_eq(wire_text(other), "v");
    rig_stop(&rig);
}

/* The writes themselves are kept from being queued, so EXEC is held only when the pause is younger.
 */
Test(client_pause, of_writes_holds_a_transaction_that_writes_and_no_other)
{
    struct rig *rig = rig_start(1);
    struct wire *reader = rig_connect(rig);
    struct wire *writer = rig_connect(rig);
    script(rig, 0, WANT("MULTI"), SAY("+OK\r\n"), WANT("GET", "k"), SAY("+QUEUED\r\n"),
           WANT("EXEC"), SAY("*1\r\n$-1\r\n"), WANT("MULTI"), SAY("+OK\r\n"), WANT("SET", "k", "v"),
           SAY("+QUEUED\r\n"), WANT("EXEC"), SAY("*1\r\n+OK\r\n"));

    wire_send_lines(reader, "MULTI|GET k");
    wire_expect(reader, "+OK\r\n+QUEUED\r\n");
    wire_send_lines(writer, "MULTI|SET k v");
    wire_expect(writer, "+OK\r\n+QUEUED\r\n");
    cr_expect_str_eq(ask(rig, "CLIENT", "PAUSE", "600000", "WRITE"), "OK");
    wire_send_lines(writer, "EXEC");
    cr_expect(WAIT_FOR(metric(rig, "downstream_held_total") == 1));
    cr_expect_str_eq(wire_ask(reader, "EXEC"), "[(nil)]");
    cr_expect_str_eq(ask(rig, "CLIENT", "UNPAUSE"), "OK");
    cr_expect_str_eq(wire_text(writer), "[OK]");
    rig_stop(&rig);
}
