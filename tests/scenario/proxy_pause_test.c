/* PROXY PAUSE, RESUME and DRAIN: what nodes see of them, and what clients do not. */
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(proxy_pause, .timeout = 120, .fini = rig_clean_up);

enum { OTHERS = 6, PIPELINED = 200 };

#define ALL_HELD "what pause node all milliseconds_left"
#define NOTHING  " workers all in_flight 0 blocked 0 private 0 slots 0]"

static struct rig *start(struct rig_options options)
{
    if (options.clients == NULL) {
        options.clients = "admin: true";
    }
    options.workers = 2;
    return rig_start_with(options);
}

static struct rig *start_store(int nodes)
{
    return start((struct rig_options){.nodes = nodes, .with_store = true});
}

Test(proxy_pause, keeps_all_requests_from_the_nodes_and_then_answers_them_in_order)
{
    struct rig *rig = start_store(2);
    struct wire *others[OTHERS];
    size_t before;

    for (int i = 0; i < OTHERS; i++) {
        others[i] = rig_connect(rig);
        cr_assert_str_eq(wire_ask(others[i], "SET", rig_print(rig, "k%d", i), "0"), "OK");
    }
    const char *held = ask(rig, "PROXY", "PAUSE", "600000");

    EXPECT_CONTAINS(held, ALL_HELD);
    EXPECT_CONTAINS(held, NOTHING);
    cr_expect_eq(metric(rig, "nodes_paused"), 4, "two nodes, as two workers see them");
    EXPECT_CONTAINS(ask(rig, "INFO", "clients"),
                    "paused_reason:proxy_pause\r\npaused_actions:all\r\n");
    before = fake_node_count(rig_node(rig, 0), "INCR") + fake_node_count(rig_node(rig, 1), "INCR");
    for (int i = 0; i < OTHERS; i++) {
        wire_request(others[i], "INCR", rig_print(rig, "k%d", i));
        wire_request(others[i], "PING");
        wire_request(others[i], "INCR", rig_print(rig, "k%d", i));
        wire_request(others[i], "MGET", "k0", "a");
    }
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") >= OTHERS));
    cr_expect_eq(before, fake_node_count(rig_node(rig, 0), "INCR") +
                             fake_node_count(rig_node(rig, 1), "INCR"));
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), "1");
    for (int i = 0; i < OTHERS; i++) {
        cr_expect_str_eq(wire_text(others[i]), "1");
        cr_expect_str_eq(wire_text(others[i]), "PONG");
        cr_expect_str_eq(wire_text(others[i]), "2");
        EXPECT_CONTAINS(wire_text(others[i]), " (nil)]");
    }
    cr_expect(WAIT_FOR(metric(rig, "nodes_paused") == 0));
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), "0");
    EXPECT_CONTAINS(ask(rig, "INFO", "clients"), "paused_reason:none\r\npaused_actions:none\r\n"
                                                 "paused_timeout_milliseconds:0\r\n");
    rig_stop(&rig);
}

Test(proxy_pause, is_answered_when_nothing_is_in_flight_any_more)
{
    struct rig *rig = start((struct rig_options){.nodes = 1, .request_timeout = "20s"});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("SET", "k", "v"), SAY_LATER("+OK\r\n"), WANT("GET", "k"),
           SAY("$1\r\nv\r\n"));

    wire_request(other, "SET", "k", "v");
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == 1));
    wire_request(rig_client(rig), "PROXY", "PAUSE", "600000");
    cr_assert(WAIT_FOR(metric(rig, "nodes_paused") == 2));
    cr_expect_not(wire_has_input(rig_client(rig)));
    wire_request(other, "GET", "k");
    fake_node_release(rig_node(rig, 0));
    EXPECT_CONTAINS(wire_text(rig_client(rig)), NOTHING);
    cr_expect_str_eq(wire_text(other), "OK");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    cr_expect_str_eq(rig_log(rig, 0), "SET k v");
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), "1");
    cr_expect_str_eq(wire_text(other), "v");
    rig_stop(&rig);
}

Test(proxy_pause, tells_what_a_node_still_owes_when_it_takes_too_long)
{
    struct rig *rig = start((struct rig_options){.nodes = 1, .request_timeout = "300ms"});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));

    wire_request(other, "GET", "k");
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == 1));
    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "600000"), " workers all in_flight 1 blocked 0 ");
    EXPECT_STARTS(wire_text(other), "-ERR proxy: ");
    fake_node_release(rig_node(rig, 0));
    cr_expect(WAIT_FOR(strstr(ask(rig, "PROXY", "PAUSES"), " in_flight 0 ") != NULL));
    rig_stop(&rig);
}

Test(proxy_pause, leaves_those_who_block_where_they_are)
{
    struct rig *rig = start((struct rig_options){.nodes = 1});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("CLIENT", "ID"), SAY(":7\r\n"), WANT("BLPOP", "..."),
           SAY_LATER("*2\r\n$1\r\nk\r\n$1\r\nv\r\n"));

    wire_request(other, "BLPOP", "k", "0");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE"), " in_flight 0 blocked 1 private 1 ");
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(other), "[k v]");
    rig_stop(&rig);
}

Test(proxy_pause, of_a_node_concerns_no_other_and_an_operator_still_reaches_it)
{
    struct rig *rig = start_store(2);
    struct wire *other = rig_connect(rig);
    const char *first = rig_address(rig, 0);
    const char *key = "b"; /* of the first half of the slots */

    EXPECT_CONTAINS(ask(rig, "PROXY", "EXPLAIN", "GET", key), first);
    cr_assert_str_eq(ask(rig, "SET", key, "1"), "OK");
    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "NODE", first), NOTHING);
    cr_expect_eq(metric(rig, "nodes_paused"), 2);
    wire_request(other, "GET", key);
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    cr_expect_str_eq(ask(rig, "PROXY", "NODE", first, "DBSIZE"), "1");
    ask(rig, "INFO", "keyspace");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INFO keyspace"), 1);
    cr_expect_not(wire_has_input(other));
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME", "NODE", first), "1");
    cr_expect_str_eq(wire_text(other), "1");
    rig_stop(&rig);
}

/* Who waits goes on with the node that has got the slots. */
Test(proxy_pause, of_a_node_ends_for_slots_that_get_another_owner)
{
    struct rig *rig = start_store(2);
    struct wire *other = rig_connect(rig);

    cr_assert_str_eq(wire_ask(other, "GET", "b"), "(nil)");
    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "NODE", rig_address(rig, 0), "600000"), NOTHING);
    wire_request(other, "SET", "b", "1");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    fake_cluster_give(rig_cluster(rig), 0, 16383, 1);
    cr_expect_str_eq(wire_text(other), "OK");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "SET b 1"), 1);
    rig_stop(&rig);
}

Test(proxy_pause, does_not_count_as_a_requests_time)
{
    struct rig *rig =
        start((struct rig_options){.nodes = 1, .with_store = true, .request_timeout = "300ms"});
    struct wire *other = rig_connect(rig);
    uint64_t began;

    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "600000"), NOTHING);
    wire_request(other, "SET", "k", "v");
    cr_assert(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    began = wait_now_ms();
    cr_assert(WAIT_FOR(wait_now_ms() > began + 900));
    cr_expect_eq(metric(rig, "waiting_requests"), 1);
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), "1");
    cr_expect_str_eq(wire_text(other), "OK");
    cr_expect_eq(metric(rig, "timeouts_total"), 0);
    rig_stop(&rig);
}

Test(proxy_pause, ends_by_itself)
{
    struct rig *rig = start_store(1);
    struct wire *other = rig_connect(rig);

    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "200"), NOTHING);
    cr_expect_str_eq(wire_ask(other, "SET", "k", "v"), "OK");
    cr_expect(WAIT_FOR(metric(rig, "nodes_paused") == 0));
    cr_expect(rig_has_written(rig, "pause is over"));
    cr_expect(rig_has_written(rig, "reason=time_over"));
    cr_expect_str_eq(ask(rig, "PROXY", "PAUSES"), "[]");
    rig_stop(&rig);
}

Test(proxy_pause, leaves_with_the_clients_what_there_is_no_room_for)
{
    struct rig *rig = start((struct rig_options){
        .nodes = 2, .with_store = true, .backend = "waiting: 8", .request_timeout = "20s"});
    struct wire *others[OTHERS];

    /* What waits for a connection later on would have no room either. */
    for (int i = 0; i < OTHERS; i++) {
        others[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(others[i], "GET", rig_print(rig, "k%d", i)), "(nil)");
    }
    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "600000"), NOTHING);
    for (int i = 0; i < OTHERS; i++) {
        for (int j = 0; j < PIPELINED; j++) {
            wire_request(others[i], "INCR", rig_print(rig, "k%d", i));
        }
    }
    cr_expect(WAIT_FOR(metric(rig, "downstream_held_total") == OTHERS));
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), "1");
    for (int i = 0; i < OTHERS; i++) {
        for (int j = 0; j < PIPELINED; j++) {
            cr_expect_str_eq(wire_text(others[i]), rig_print(rig, "%d", j + 1));
        }
    }
    rig_stop(&rig);
}

/* The first one is under way, so the others wait for it at its gate. */
Test(proxy_pause, is_followed_by_a_time_in_which_what_waited_leaves_first)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .clients = "admin: true", .backend = "waiting: 8", .request_timeout = "20s"});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("INCR", "k"), SAY_LATER(":1\r\n"));

    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "600000"), NOTHING);
    for (int i = 1; i <= PIPELINED; i++) {
        wire_request(other, "INCR", "k");
        if (i > 1) {
            script(rig, 0, WANT("INCR", "k"), SAY(":%d\r\n", i));
        }
    }
    cr_assert(WAIT_FOR(metric(rig, "downstream_held_total") == 1));
    cr_assert_eq(metric(rig, "workers_resuming"), 0);
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME"), "1");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    cr_assert(WAIT_FOR(metric(rig, "workers_resuming") == 1));
    cr_expect_eq(metric(rig, "waiting_requests"), 3, "there is room for one more");
    cr_expect_eq(metric(rig, "upstream_in_flight"), 1);
    fake_node_release(rig_node(rig, 0));
    for (int i = 1; i <= PIPELINED; i++) {
        cr_expect_str_eq(wire_text(other), rig_print(rig, "%d", i));
    }
    cr_expect(WAIT_FOR(metric(rig, "workers_resuming") == 0));
    rig_stop(&rig);
}

Test(proxy_pause, drains_a_node_of_what_can_be_elsewhere)
{
    struct rig *rig = start_store(2);
    const char *first = rig_address(rig, 0);
    size_t before;

    EXPECT_CONTAINS(
        ask(rig, "PROXY", "DRAIN", "NODE", first),
        " milliseconds_left -1 workers all in_flight 0 blocked 0 private 0 slots 8192]");
    cr_expect_eq(metric(rig, "nodes_drained"), 2);
    before = fake_node_count(rig_node(rig, 0), "LASTSAVE");
    for (int i = 0; i < OTHERS; i++) {
        ask(rig, "LASTSAVE");
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "LASTSAVE"), before);
    cr_expect_str_eq(ask(rig, "SET", "b", "1"), "OK");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET b 1"), 1, "it serves its slots");
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME", "NODE", first), "1");
    cr_expect(WAIT_FOR(metric(rig, "nodes_drained") == 0));
    rig_stop(&rig);
}

static const struct {
    const char *lines;
    const char *error;
} refused[] = {
    {"PROXY PAUSE 0", "ERR proxy: '0' is not a number of milliseconds from 1 to 3600000"},
    {"PROXY PAUSE 3600001", "ERR proxy: '3600001' is not a number of milliseconds"},
    {"PROXY PAUSE soon", "ERR proxy: 'soon' is not a number of milliseconds"},
    {"PROXY PAUSE NODE", "ERR syntax error"},
    {"PROXY PAUSE 1 2", "ERR syntax error"},
    {"PROXY PAUSE NODE 127.0.0.1:1", "ERR proxy: no node '127.0.0.1:1' is known"},
    {"PROXY DRAIN NODE x", "ERR proxy: no node 'x' is known"},
    {"PROXY DRAIN 5 6", "ERR syntax error"},
    {"PROXY RESUME 5", "ERR syntax error"},
    {"PROXY RESUME NODE x", "ERR proxy: no node 'x' is known"},
    {"PROXY RESUME NODE", "ERR syntax error"},
    {"PROXY RESUME NODE x 5", "ERR syntax error"},
    {"PROXY RESUME MODE x", "ERR syntax error"},
};

Test(proxy_pause, refuses_what_makes_no_sense)
{
    struct rig *rig = start_store(1);

    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        wire_send_lines(rig_client(rig), refused[i].lines);
        EXPECT_CONTAINS(wire_text(rig_client(rig)), refused[i].error);
    }
    cr_expect_str_eq(ask(rig, "PROXY", "PAUSES"), "[]");
    rig_stop(&rig);
}

Test(proxy_pause, is_for_operators)
{
    static const char *const orders[] = {"PROXY PAUSE", "PROXY RESUME", "PROXY DRAIN NODE x"};
    struct rig *rig = rig_start_store(1);

    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        wire_send_lines(rig_client(rig), orders[i]);
        EXPECT_CONTAINS(wire_text(rig_client(rig)), "is not allowed here; clients.admin: true");
    }
    rig_stop(&rig);
}

/* The status, and the body behind the headers if there is one. */
static int post(struct rig *rig, const char *path, bool is_ours)
{
    struct wire *wire = wire_open(rig_admin_port(rig));
    int status = 0;

    wire_send(wire, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Length: 0\r\n\r\n", path,
              is_ours ? "X-Slotway: 1\r\n" : "");
    sscanf(wire_bytes(wire, "HTTP/1.1 200"), "HTTP/1.1 %d", &status);
    wire_close(&wire);
    return status;
}

static const char *pauses(struct rig *rig)
{
    struct bytes body = {0};

    cr_expect_eq(http_get(rig_admin_port(rig), "/pauses", &body), 200);
    const char *text = rig_print(rig, "%.*s", (int)body.size, body.size == 0 ? "" : body.at);

    bytes_clear(&body);
    return text;
}

Test(proxy_pause, can_be_ordered_by_http_and_readyz_stays_well)
{
    struct rig *rig = start_store(2);
    struct wire *other = rig_connect(rig);

    cr_expect_eq(post(rig, "/pause?timeout=600s", true), 202);
    cr_expect(WAIT_FOR(strstr(pauses(rig), " workers=all nodes=2 in_flight=0 ") != NULL));
    cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 200);
    wire_request(other, "SET", "k", "v");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    cr_expect_eq(post(rig, "/resume?pool=main", true), 200);
    cr_expect_str_eq(wire_text(other), "OK");
    cr_expect_str_eq(pauses(rig), "");
    cr_expect_eq(post(rig, rig_print(rig, "/drain?node=%s", rig_address(rig, 1)), true), 202);
    EXPECT_CONTAINS(pauses(rig), "what=drain");
    cr_expect(WAIT_FOR(strstr(pauses(rig), " workers=all nodes=1 ") != NULL));
    cr_expect_eq(post(rig, "/resume", true), 200);
    cr_expect(rig_has_written(rig, "order by HTTP kind=audit path=/pause status=202"));
    rig_stop(&rig);
}

Test(proxy_pause, of_a_node_is_ended_by_whatever_it_is_called)
{
    struct rig *rig = start_store(2);
    const char *first = rig_address(rig, 0);
    char id[64] = "";

    EXPECT_CONTAINS(ask(rig, "PROXY", "PAUSE", "NODE", first), NOTHING);
    cr_assert_eq(sscanf(strstr(pauses(rig), "node="), "node=%63s", id), 1);
    cr_expect_eq(post(rig, rig_print(rig, "/resume?node=%s", first), true), 200);
    cr_expect_str_eq(pauses(rig), "");
    cr_expect_eq(post(rig, rig_print(rig, "/pause?node=%s", first), true), 202);
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME", "NODE", first), "1");
    cr_expect_eq(post(rig, rig_print(rig, "/pause?node=%s", first), true), 202);
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME", "NODE", id), "1");
    cr_expect_eq(post(rig, "/pause?node=127.0.0.1:1", true), 202, "a node that is yet to come");
    cr_expect_str_eq(ask(rig, "PROXY", "RESUME", "NODE", "127.0.0.1:1"), "1");
    rig_stop(&rig);
}

Test(proxy_pause, by_http_is_refused_when_it_makes_no_sense)
{
    struct rig *rig = start_store(1);

    cr_expect_eq(post(rig, "/pause?pool=none", true), 404);
    cr_expect_eq(post(rig, "/pause?timeout=2h", true), 400);
    cr_expect_eq(post(rig, "/pause?timeout=0s", true), 400);
    cr_expect_eq(post(rig, "/pause?timeout=soon", true), 400);
    cr_expect_eq(post(rig, "/pause?node=", true), 400);
    cr_expect_eq(post(rig, "/drain", true), 400);
    cr_expect_eq(post(rig, "/pause", false), 403, "a page of somebody else's in a browser");
    cr_expect(rig_has_written(rig, "order by HTTP refused kind=audit path=/pause reason="));
    cr_expect_eq(http_get(rig_admin_port(rig), "/pause", NULL), 405);
    cr_expect_str_eq(pauses(rig), "");
    rig_stop(&rig);
}
