/* PROXY PAUSE and transactions that have a connection of their own: nothing of them reaches a
 * paused node.
 *
 * Node 0 serves "k" (slot 7629). The rig's own client is the operator.
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(proxy_pause_transaction, .timeout = 120, .fini = rig_clean_up);

#define BEGUN       WANT("MULTI"), SAY("+OK\r\n")
#define QUEUED(...) WANT(__VA_ARGS__), SAY("+QUEUED\r\n")
#define DONE(reply) WANT("EXEC"), SAY("%s", reply)
#define DISCARDED   WANT("DISCARD"), SAY("+OK\r\n")
#define WATCHED     WANT("WATCH", "k"), SAY("+OK\r\n")
#define SET_DONE    BEGUN, QUEUED("SET", "k", "1"), DONE("*1\r\n+OK\r\n")

static struct rig *start_nodes(int nodes)
{
    return rig_start_with((struct rig_options){
        .nodes = nodes, .workers = 2, .clients = "admin: true", .request_timeout = "20s"});
}

static struct rig *start(void)
{
    return start_nodes(1);
}

static void pause_nodes(struct rig *rig)
{
    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "600000"), " in_flight 0 ");
}

static void expect_ok(struct rig *rig, struct wire *wire, const char *line)
{
    wire_send_lines(wire, line);
    cr_expect_str_eq(wire_text(wire), "OK", "%s: %s", line, rig_log(rig, 0));
}

static void queue(struct rig *rig, struct wire *wire)
{
    expect_ok(rig, wire, "MULTI");
    cr_expect_str_eq(wire_ask(wire, "SET", "k", "1"), "QUEUED");
}

/* The pause begins, and its answer is to come, while the node is asked for the MULTI before SET. */
static void pause_amid(struct rig *rig, struct wire *wire)
{
    wire_request(wire, "SET", "k", "1");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    wire_request(rig_client(rig), "PROXY", "PAUSE", "600000");
    cr_assert(WAIT_FOR(metric(rig, "nodes_paused") == 2));
    fake_node_release(rig_node(rig, 0));
}

static void resume(struct rig *rig)
{
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), "1");
}

static void expect_waiting(struct rig *rig)
{
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
}

/* Its EXEC is the only request that waits. */
static void expect_held(struct rig *rig, struct wire *wire)
{
    wire_request(wire, "EXEC");
    expect_waiting(rig);
    cr_expect_not(wire_has_input(wire));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 0);
}

static void expect_done(struct rig *rig, struct wire *wire, const char *reply)
{
    resume(rig);
    cr_expect_str_eq(wire_text(wire), reply);
    rig_stop(&rig);
}

/* It is the node's no more, and starts again as a whole. */
Test(proxy_pause_transaction, that_a_node_has_queued_is_sent_as_a_whole_afterwards)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), DISCARDED, SET_DONE);

    queue(rig, wire);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET k 1"), 1);
    pause_nodes(rig);
    expect_held(rig, wire);
    cr_expect(WAIT_FOR(strstr(ask(rig, "PROXY", "PAUSES"), " private 0 ") != NULL));
    expect_done(rig, wire, "[OK]");
}

Test(proxy_pause_transaction, that_begins_in_a_pause_is_queued_without_the_node)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, SET_DONE);

    pause_nodes(rig);
    queue(rig, wire);
    expect_held(rig, wire);
    cr_expect_str_eq(rig_log(rig, 0), "");
    expect_done(rig, wire, "[OK]");
}

/* A node that has not taken a MULTI yet gets it alone, and what stands behind it never. */
Test(proxy_pause_transaction, that_meets_a_pause_while_the_node_is_asked_for_multi_goes_on_without)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, WANT("MULTI"), SAY_LATER("+OK\r\n"), DISCARDED, SET_DONE);

    expect_ok(rig, wire, "MULTI");
    pause_amid(rig, wire);
    cr_expect_str_eq(wire_text(wire), "QUEUED");
    EXPECT_CONTAINS(wire_text(rig_client(rig)), " in_flight 0 ");
    expect_held(rig, wire);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 0);
    expect_done(rig, wire, "[OK]");
}

/* Who watches has only this connection, so the answer waits as well. */
Test(proxy_pause_transaction, of_who_watches_waits_while_the_node_is_asked_for_multi)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, WATCHED, WANT("MULTI"), SAY_LATER("+OK\r\n"), QUEUED("SET", "k", "1"),
           DONE("*1\r\n+OK\r\n"));

    expect_ok(rig, wire, "WATCH k");
    expect_ok(rig, wire, "MULTI");
    pause_amid(rig, wire);
    EXPECT_CONTAINS(wire_text(rig_client(rig)), " in_flight 0 ");
    cr_expect_str_eq(rig_log(rig, 0), "WATCH k | MULTI");
    cr_expect_not(wire_has_input(wire));
    resume(rig);
    cr_expect_str_eq(wire_text(wire), "QUEUED");
    cr_expect_str_eq(wire_ask(wire, "EXEC"), "[OK]");
    rig_stop(&rig);
}

/* What the node has not heard before the pause it hears with the first command behind it. */
Test(proxy_pause_transaction, goes_on_with_its_node_when_the_pause_is_over_in_time)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), QUEUED("INCR", "k"), WANT("LPUSH", "k", "1"),
           SAY("-OOM full\r\n"), DONE("-EXECABORT Transaction discarded\r\n"), WANT("DISCARD"),
           SAY("-ERR DISCARD without MULTI\r\n"));

    queue(rig, wire);
    pause_nodes(rig);
    cr_expect_str_eq(wire_ask(wire, "INCR", "k"), "QUEUED");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), 0);
    resume(rig);
    cr_expect(WAIT_FOR(metric(rig, "nodes_paused") == 0));
    cr_expect_str_eq(wire_ask(wire, "LPUSH", "k", "1"), "-OOM full");
    EXPECT_STARTS(wire_ask(wire, "EXEC"), "-EXECABORT ");
    rig_stop(&rig);
}

Test(proxy_pause_transaction, of_who_watches_waits_and_is_executed_where_it_watches)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, WATCHED, SET_DONE);

    expect_ok(rig, wire, "WATCH k");
    pause_nodes(rig);
    queue(rig, wire);
    expect_held(rig, wire);
    cr_expect_str_eq(rig_log(rig, 0), "WATCH k");
    expect_done(rig, wire, "[OK]");
}

Test(proxy_pause_transaction, of_who_watches_waits_also_when_it_is_with_the_node)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, WATCHED, SET_DONE);

    expect_ok(rig, wire, "WATCH k");
    queue(rig, wire);
    pause_nodes(rig);
    expect_held(rig, wire);
    expect_done(rig, wire, "[OK]");
}

Test(proxy_pause_transaction, watching_more_waits_too)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, WATCHED, WANT("WATCH", "{k}2"), SAY("+OK\r\n"), SET_DONE);

    expect_ok(rig, wire, "WATCH k");
    pause_nodes(rig);
    wire_send_lines(wire, "WATCH {k}2|MULTI|SET k 1|EXEC");
    expect_waiting(rig);
    cr_expect_str_eq(rig_log(rig, 0), "WATCH k");
    resume(rig);
    wire_expect(wire, "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    rig_stop(&rig);
}

/* A node that is restarted remembers nothing: nil, as if the key had changed. */
Test(proxy_pause_transaction, of_who_watches_is_nil_when_the_connection_is_lost_meanwhile)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, WATCHED);

    expect_ok(rig, wire, "WATCH k");
    pause_nodes(rig);
    queue(rig, wire);
    expect_held(rig, wire);
    fake_node_drop_connections(rig_node(rig, 0));
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    expect_done(rig, wire, "(nil)");
}

/* What another node is to be asked is not for this one's operator to decide. */
Test(proxy_pause_transaction, of_who_watches_is_nil_when_the_slot_gets_another_owner)
{
    struct rig *rig = start_nodes(2);
    struct wire *wire = rig_connect(rig);
    script(rig, 0, WATCHED, WANT("UNWATCH"), SAY("+OK\r\n"));
    script(rig, 1, WATCHED, SET_DONE);

    expect_ok(rig, wire, "WATCH k");
    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "NODE", rig_address(rig, 0)), " in_flight 0 ");
    wire_send_lines(wire, "MULTI|SET k 1|EXEC");
    expect_waiting(rig);
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    wire_expect(wire, "+OK\r\n+QUEUED\r\n*-1\r\n");
    wire_send_lines(wire, "WATCH k|MULTI|SET k 1|EXEC");
    wire_expect(wire, "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "UNWATCH") == 1));
    rig_stop(&rig);
}

Test(proxy_pause_transaction, of_a_client_that_leaves_is_never_executed)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);
    script(rig, 0, WATCHED);

    expect_ok(rig, wire, "WATCH k");
    pause_nodes(rig);
    wire_send_lines(wire, "MULTI|SET k 1|EXEC");
    expect_waiting(rig);
    rig_disconnect(rig, &wire);
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 0));
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    resume(rig);
    rig_stop(&rig);
}
