/* SIGTERM and SIGINT: what was asked is answered, nothing new begins, and the process ends. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(drain, .timeout = 60, .fini = rig_clean_up);

static void expect_ended_well(struct rig *rig)
{
    cr_expect(WAIT_FOR(process_has_ended(rig_process(rig))));
    int status = rig_process(rig)->status;
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", (unsigned)status);
}

static bool refuses_clients(struct rig *rig)
{
    struct wire *wire = wire_open(rig_port(rig));
    bool refuses = wire == NULL;

    wire_close(&wire);
    return refuses;
}

static void answers_what_is_in_flight(int signal)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "20s", .global = "drain: {timeout: 20s}\n"});
    script(rig, 0, WANT("SET", "k", "1"), WANT("GET", "k"), STALL, SAY("+OK\r\n"),
           SAY("$1\r\n1\r\n"));
    struct wire *idle = rig_connect(rig);

    cr_expect_str_eq(wire_ask(idle, "PING"), "PONG");
    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "GET", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    kill(rig_process(rig)->pid, signal);
    cr_expect(WAIT_FOR(refuses_clients(rig)));
    cr_expect(wire_is_closed(idle));
    cr_expect_not(process_has_ended(rig_process(rig)));
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+OK\r\n$1\r\n1\r\n");
    cr_expect(wire_is_closed(rig_client(rig)));
    expect_ended_well(rig);
    rig_stop(&rig);
}

Test(drain, sigterm_answers_what_is_in_flight)
{
    answers_what_is_in_flight(SIGTERM);
}

Test(drain, sigint_likewise)
{
    answers_what_is_in_flight(SIGINT);
}

Test(drain, fails_readiness_first)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "20s", .global = "drain: {timeout: 20s}\n"});
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(WAIT_FOR(http_get(rig_admin_port(rig), "/readyz", NULL) == 503));
    cr_expect_eq(http_get(rig_admin_port(rig), "/healthz", NULL), 200);
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(rig_client(rig)), "v");
    expect_ended_well(rig);
    rig_stop(&rig);
}

Test(drain, ends_when_its_time_is_over)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "60s", .global = "drain: {timeout: 300ms}\n"});
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    kill(rig_process(rig)->pid, SIGTERM);
    expect_ended_well(rig);
    fake_node_release(rig_node(rig, 0));
    cr_expect(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    rig_stop(&rig);
}

Test(drain, a_second_signal_ends_it)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "120s", .global = "drain: {timeout: 120s}\n"});
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(WAIT_FOR(refuses_clients(rig)));
    kill(rig_process(rig)->pid, SIGTERM);
    expect_ended_well(rig);
    cr_expect(rig_has_written(rig, "stopping at once"));
    fake_node_release(rig_node(rig, 0));
    cr_expect(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    rig_stop(&rig);
}

Test(drain, lets_clients_go_one_by_one_and_serves_the_others)
{
    enum { CLIENTS = 20 };
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1,
                                            .workers = 2,
                                            .with_store = true,
                                            .global = "drain: {timeout: 20s, spread: 5s}\n"});
    struct wire *wires[CLIENTS];
    int gone = 0;
    bool was_in_between = false;

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(wires[i], "SET", "k", "1"), "OK");
    }
    kill(rig_process(rig)->pid, SIGTERM);
    while (gone < CLIENTS) {
        gone = 0;
        for (int i = 0; i < CLIENTS; i++) {
            const char *reply = wire_ask(wires[i], "GET", "k");
            cr_assert(strcmp(reply, "1") == 0 || strcmp(reply, "(closed)") == 0, "%s", reply);
            gone += reply[0] == '(';
        }
        was_in_between |= gone > 0 && gone < CLIENTS;
    }
    cr_expect(was_in_between);
    expect_ended_well(rig);
    rig_stop(&rig);
}

Test(drain, may_begin_later_than_readiness_fails)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .global = "drain: {delay: 120s}\n"});

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(WAIT_FOR(http_get(rig_admin_port(rig), "/readyz", NULL) == 503));
    struct wire *late = rig_connect(rig);
    cr_expect_str_eq(wire_ask(late, "GET", "k"), "1");
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    kill(rig_process(rig)->pid, SIGTERM);
    expect_ended_well(rig);
    rig_stop(&rig);
}

Test(drain, begins_by_itself_after_the_delay)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .with_store = true, .global = "drain: {delay: 100ms, spread: 0s}\n"});

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(wire_is_closed(rig_client(rig)));
    expect_ended_well(rig);
    rig_stop(&rig);
}

Test(drain, under_load_loses_no_answer)
{
    enum { CLIENTS = 8, REQUESTS = 500 };
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 3, .workers = 2, .with_store = true, .request_timeout = "20s"});
    struct wire *wires[CLIENTS];

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(wires[i], "PING"), "PONG");
        for (int request = 0; request < REQUESTS; request++) {
            wire_request(wires[i], "INCR", rig_print(rig, "key%d", i));
        }
    }
    kill(rig_process(rig)->pid, SIGTERM);
    for (int i = 0; i < CLIENTS; i++) {
        size_t answered = 0;
        while (wire_reply(wires[i], NULL) != NULL) {
            answered++;
        }
        size_t executed = 0;
        for (int node = 0; node < 3; node++) {
            executed += fake_node_count(rig_node(rig, node), rig_print(rig, "INCR key%d", i));
        }
        cr_expect_eq(answered, executed, "client %d: %zu answers to %zu effects", i, answered,
                     executed);
    }
    expect_ended_well(rig);
    rig_stop(&rig);
}

Test(drain, leaves_subscribers_what_they_hear_until_they_have_heard_enough)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .global = "drain: {timeout: 60s, spread: 0s}\n"});
    struct wire *subscriber = rig_connect(rig);
    struct wire *idle = rig_connect(rig);

    script(rig, 0, WANT("subscribe", "a"), SAY("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"),
           SAY_LATER("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n"), WANT("unsubscribe", "a"),
           SAY("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"));
    cr_expect_str_eq(wire_ask(subscriber, "SUBSCRIBE", "a"), "[subscribe a 1]");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(wire_is_closed(idle));
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(subscriber), "[message a 1]");
    cr_expect_str_eq(wire_ask(subscriber, "UNSUBSCRIBE", "a"), "[unsubscribe a 0]");
    cr_expect(wire_is_closed(subscriber));
    expect_ended_well(rig);
    rig_stop(&rig);
}

Test(drain, waits_for_who_blocks_until_it_has_its_answer)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "20s", .global = "drain: {timeout: 60s, spread: 0s}\n"});
    struct wire *idle = rig_connect(rig);

    script(rig, 0, WANT("BLPOP", "k", "0"), SAY_LATER("*2\r\n$1\r\nk\r\n$1\r\nv\r\n"));
    wire_request(rig_client(rig), "BLPOP", "k", "0");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(wire_is_closed(idle));
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(rig_client(rig)), "[k v]");
    cr_expect(wire_is_closed(rig_client(rig)));
    expect_ended_well(rig);
    rig_stop(&rig);
}
