/* WAIT goes to those nodes that its client wrote to, and never tells of more replicas than each
 * write has. With two nodes, node 0 serves "k" and "b", and node 1 serves "a".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(wait, .timeout = 120, .fini = rig_clean_up);

Test(wait, asks_those_nodes_that_its_client_wrote_to)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("SET", "k", "1"), SAY("+OK\r\n"), WANT("WAIT", "1", "50"), SAY(":1\r\n"));
    script(rig, 1, WANT("GET", "a"), SAY("$-1\r\n"));

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "a"), "(nil)");
    cr_expect_str_eq(ask(rig, "WAIT", "1", "50"), "1");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "PING"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "PING"), 0);
    cr_expect_eq(metric(rig, "downstream_blocked"), 0);
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    rig_stop(&rig);
}

Test(wait, begins_when_what_was_written_before_is_answered)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("SET", "k", "1"), STALL, SAY("+OK\r\n"), WANT("WAIT", "1", "50"),
           SAY(":1\r\n"));

    wire_send(rig_client(rig), "SET k 1\r\nWAIT 1 50\r\n");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "PING"), 0);
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+OK\r\n:1\r\n");
    rig_stop(&rig);
}

/* Each row: what is written where, and who is asked then and says what. */
Test(wait, tells_the_least_and_remembers_what_it_did_not_get)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("SET", "k", "1"), SAY("+OK\r\n"), WANT("WAIT", "2", "50"), SAY(":2\r\n"),
           WANT("WAIT", "2", "50"), SAY(":2\r\n"), WANT("WAIT", "2", "50"), SAY(":3\r\n"));
    script(rig, 1, WANT("SET", "a", "1"), SAY("+OK\r\n"), WANT("WAIT", "2", "50"), SAY(":1\r\n"),
           WANT("WAIT", "2", "50"), SAY(":5\r\n"), WANT("SET", "a", "2"), SAY("+OK\r\n"),
           WANT("WAIT", "2", "50"), SAY(":2\r\n"), WANT("WAIT", "2", "50"), SAY(":4\r\n"));

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    cr_expect_str_eq(ask(rig, "WAIT", "2", "50"), "1", "the least of two nodes");
    cr_expect_str_eq(ask(rig, "WAIT", "2", "50"), "2", "both are asked until both have enough");
    cr_expect_str_eq(ask(rig, "SET", "a", "2"), "OK");
    cr_expect_str_eq(ask(rig, "WAIT", "2", "50"), "2", "of what was written since");
    cr_expect_str_eq(ask(rig, "WAIT", "2", "50"), "3", "nothing was, so all are asked");
    rig_stop(&rig);
}

Test(wait, of_scripts_and_of_transactions_too)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("EVAL", "..."), SAY(":1\r\n"), WANT("WAIT", "1", "50"), SAY(":1\r\n"));
    script(rig, 1, WANT("MULTI"), WANT("SET", "a", "1"), WANT("EXEC"),
           SAY("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"), WANT("WAIT", "1", "50"), SAY(":1\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", "return 1", "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "WAIT", "1", "50"), "1");
    wire_send(rig_client(rig), "MULTI\r\nSET a 1\r\nEXEC\r\n");
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    cr_expect_str_eq(ask(rig, "WAIT", "1", "50"), "1");
    rig_stop(&rig);
}

Test(wait, for_files_is_the_least_of_both_numbers)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("WAITAOF", "1", "1", "50"), SAY("*2\r\n:1\r\n:2\r\n"));
    script(rig, 1, WANT("WAITAOF", "1", "1", "50"), SAY("*2\r\n:0\r\n:3\r\n"));

    cr_expect_str_eq(ask(rig, "WAITAOF", "1", "1", "50"), "[0 2]");
    rig_stop(&rig);
}

Test(wait, says_what_the_nodes_say_of_arguments_that_make_no_sense)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("WAIT", "x", "1"), SAY("-ERR value is not an integer or out of range\r\n"),
           WANT("WAIT", "1", "-1"), SAY("-ERR timeout is negative\r\n"));

    cr_expect_str_eq(ask(rig, "WAIT", "x", "1"), "-ERR value is not an integer or out of range");
    cr_expect_str_eq(ask(rig, "WAIT", "1", "-1"), "-ERR timeout is negative");
    rig_stop(&rig);
}

Test(wait, is_an_error_where_a_node_does_not_answer)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "200ms"});
    script(rig, 0, WANT("SET", "k", "1"), SAY("+OK\r\n"), WANT("WAIT", "1", "50"));
    script(rig, 1, WANT("GET", "a"), SAY("$-1\r\n"));

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    EXPECT_STARTS(ask(rig, "WAIT", "1", "50"), "-ERR proxy: no answer from ");
    cr_expect_str_eq(ask(rig, "GET", "a"), "(nil)");
    fake_node_die(rig_node(rig, 0));
    EXPECT_STARTS(ask(rig, "WAIT", "1", "50"), "-CLUSTERDOWN ");
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    rig_stop(&rig);
}

Test(wait, is_ended_by_client_unblock)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .workers = 2});
    struct wire *waker = rig_connect(rig);
    script(rig, 0, WANT("WAIT", "1", "0"));
    script(rig, 1, WANT("WAIT", "1", "0"), STALL);

    const char *id = wire_ask(rig_client(rig), "CLIENT", "ID");
    wire_send(rig_client(rig), "WAIT 1 0\r\n");
    cr_expect(fake_node_has_stalled(rig_node(rig, 1)));
    cr_expect_str_eq(wire_ask(waker, "CLIENT", "UNBLOCK", id), "1");
    wire_expect(rig_client(rig), ":0\r\n");
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    cr_expect(WAIT_FOR(fake_node_is_done(rig_node(rig, 0), 1)));
    fake_node_release(rig_node(rig, 1));
    rig_stop(&rig);
}
