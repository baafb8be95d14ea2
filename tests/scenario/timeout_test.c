/* A node that does not answer costs a request its deadline, and the next request nothing. */
#include <signal.h>

#include "common/clock.h"
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(timeouts, .timeout = 60, .fini = rig_clean_up);

static struct rig *start_hasty(int nodes)
{
    return rig_start_with((struct rig_options){.nodes = nodes, .request_timeout = "300ms"});
}

Test(timeouts, a_read_ends_at_its_deadline_and_its_late_reply_is_swallowed)
{
    struct rig *rig = start_hasty(1);
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$5\r\nwrong\r\n"));

    const char *reply = ask(rig, "GET", "k");
    EXPECT_STARTS(reply, "-ERR proxy: no answer from ");
    EXPECT_LACKS(reply, "outcome unknown");
    cr_expect_eq(metric(rig, "timeouts_total"), 1);
    fake_node_release(rig_node(rig, 0));
    cr_expect(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    script(rig, 0, WANT("GET", "c"), SAY("$1\r\nv\r\n"));
    cr_expect_str_eq(ask(rig, "GET", "c"), "v");
    rig_stop(&rig);
}

Test(timeouts, a_write_ends_at_its_deadline_with_an_unknown_outcome)
{
    struct rig *rig = start_hasty(1);
    script(rig, 0, WANT("SET", "k", "1"), SAY_LATER("+OK\r\n"));

    const char *reply = ask(rig, "SET", "k", "1");
    EXPECT_STARTS(reply, "-ERR proxy: ");
    EXPECT_CONTAINS(reply, "outcome unknown");
    EXPECT_CONTAINS(reply, rig_address(rig, 0));
    fake_node_release(rig_node(rig, 0));
    cr_expect(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\n1\r\n"));
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 1);
    rig_stop(&rig);
}

Test(timeouts, a_late_reply_does_not_answer_what_is_asked_meanwhile)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "700ms"});
    script(rig, 0, WANT("GET", "k"), STALL, SAY("$5\r\nwrong\r\n"), WANT("GET", "c"),
           SAY("$1\r\nv\r\n"));
    struct wire *second = rig_connect(rig);

    wire_request(rig_client(rig), "GET", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    EXPECT_STARTS(wire_text(rig_client(rig)), "-ERR proxy: no answer from ");
    wire_request(second, "GET", "c");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "GET c") == 1));
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(second), "v");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    rig_stop(&rig);
}

Test(timeouts, replies_to_later_requests_wait_for_the_stalled_one)
{
    struct rig *rig = start_hasty(2);
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$5\r\nwrong\r\n"));
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\nv\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    wire_request(rig_client(rig), "GET", "a");
    EXPECT_STARTS(wire_text(rig_client(rig)), "-ERR proxy: no answer from ");
    cr_expect_str_eq(wire_text(rig_client(rig)), "v");
    fake_node_release(rig_node(rig, 0));
    rig_stop(&rig);
}

Test(timeouts, other_nodes_do_not_notice)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .request_timeout = "30s", .with_store = true});
    struct wire *stuck = rig_connect(rig);

    cr_expect_str_eq(wire_ask(stuck, "GET", "k"), "(nil)");
    fake_node_pause(rig_node(rig, 0));
    wire_request(stuck, "GET", "k");
    for (int i = 0; i < 100; i++) {
        cr_expect_str_eq(ask(rig, "INCR", "a"), rig_print(rig, "%d", i + 1));
    }
    cr_expect_not(wire_has_input(stuck));
    fake_node_resume(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(stuck), "(nil)");
    rig_stop(&rig);
}

Test(timeouts, a_node_that_takes_connections_and_says_nothing_is_given_up)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .request_timeout = "600ms",
                                                          .connect_timeout = "100ms",
                                                          .with_store = true,
                                                          .node_password = "secret",
                                                          .backend = "password: secret"});
    fake_node_pause(rig_node(rig, 0));

    cr_expect_eq(ask(rig, "SET", "k", "1")[0], '-');
    cr_expect_gt(metric(rig, "upstream_connect_failed_total"), 0);
    fake_node_resume(rig_node(rig, 0));
    cr_expect(WAIT_FOR(ask(rig, "SET", "k", "2")[0] == 'O'));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET k 1"), 0);
    rig_stop(&rig);
}

Test(timeouts, a_reply_that_nobody_asked_for_ends_that_connection_only)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n$5\r\nextra\r\n"), WANT("GET", "k"),
           SAY("$1\r\nw\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect(WAIT_FOR(metric(rig, "upstream_lost_total") == 1));
    cr_expect_str_eq(ask(rig, "GET", "k"), "w");
    rig_stop(&rig);
}

Test(timeouts, garbage_instead_of_a_reply_ends_that_connection_only)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("SET", "k", "1"), SAY("HTTP/1.1 400 Bad Request\r\n\r\n"), WANT("GET", "k"),
           SAY("$1\r\nv\r\n"));

    EXPECT_CONTAINS(ask(rig, "SET", "k", "1"), "outcome unknown");
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    rig_stop(&rig);
}

Test(timeouts, a_reply_that_came_while_slotway_stood_still_is_a_reply)
{
    struct rig *rig = start_hasty(1);
    script(rig, 0, WANT("SET", "k", "1"), SAY_LATER("+OK\r\n"));

    wire_request(rig_client(rig), "SET", "k", "1");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    uint64_t asked = clock_now();
    cr_assert_eq(kill(rig_process(rig)->pid, SIGSTOP), 0);
    fake_node_release(rig_node(rig, 0));
    cr_expect(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    cr_expect(WAIT_FOR(clock_now() - asked > 2 * US_PER_SECOND));
    cr_assert_eq(kill(rig_process(rig)->pid, SIGCONT), 0);
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    rig_stop(&rig);
}
