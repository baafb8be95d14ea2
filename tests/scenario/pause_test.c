/* slotway itself stands still for a while, as a suspended machine does: nobody else is to blame. */
#include <signal.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(pause, .timeout = 120, .fini = rig_clean_up);

enum { REQUESTS = 100 };

/* Stops slotway; what is to happen meanwhile is up to the caller. Returns when that began. */
static uint64_t stop(struct rig *rig)
{
    cr_assert_eq(kill(rig_process(rig)->pid, SIGSTOP), 0);
    return wait_now_ms();
}

/* Lets it go on once `ms` have passed since `stopped`. */
static void go_on(struct rig *rig, uint64_t stopped, uint64_t ms)
{
    cr_assert(WAIT_FOR(wait_now_ms() > stopped + ms));
    cr_assert_eq(kill(rig_process(rig)->pid, SIGCONT), 0);
}

Test(pause, costs_no_request_whose_answer_is_there_and_no_node_its_name)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .with_store = true,
                                                          .request_timeout = "2s",
                                                          .workers = 2,
                                                          .backend = "silent_after: 1s"});
    struct wire *other = rig_connect(rig);

    cr_assert_str_eq(ask(rig, "GET", "k"), "(nil)");
    cr_assert_str_eq(wire_ask(other, "GET", "a"), "(nil)");
    fake_node_pause(rig_node(rig, 0));
    fake_node_pause(rig_node(rig, 1));
    for (int i = 0; i < REQUESTS; i++) {
        wire_request(rig_client(rig), "INCR", "k");
        wire_request(other, "INCR", "a");
    }
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == 2 * REQUESTS));
    uint64_t stopped = stop(rig);
    fake_node_resume(rig_node(rig, 0));
    fake_node_resume(rig_node(rig, 1));
    cr_assert(WAIT_FOR(fake_node_count(rig_node(rig, 0), "INCR") == REQUESTS));
    cr_assert(WAIT_FOR(fake_node_count(rig_node(rig, 1), "INCR") == REQUESTS));
    go_on(rig, stopped, 4000);
    for (int i = 0; i < REQUESTS; i++) {
        cr_assert_str_eq(wire_text(rig_client(rig)), rig_print(rig, "%d", i + 1));
        cr_assert_str_eq(wire_text(other), rig_print(rig, "%d", i + 1));
    }
    cr_expect_eq(metric(rig, "timeouts_total"), 0);
    cr_expect_eq(metric(rig, "upstream_lost_total"), 0);
    cr_expect_eq(metric(rig, "upstream_connect_failed_total"), 0);
    rig_stop(&rig);
}

Test(pause, in_the_middle_of_a_greeting_fails_no_connection)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .with_store = true,
                                                          .request_timeout = "20s",
                                                          .connect_timeout = "3s",
                                                          .refresh = "60s",
                                                          .node_password = "secret",
                                                          .backend = "password: secret"});
    size_t greeted = fake_node_count(rig_node(rig, 0), "AUTH");

    fake_node_pause(rig_node(rig, 0));
    wire_request(rig_client(rig), "SET", "k", "1");
    cr_assert(WAIT_FOR(metric(rig, "upstream_connections_total") >= 1));
    uint64_t stopped = stop(rig);
    fake_node_resume(rig_node(rig, 0));
    cr_assert(WAIT_FOR(fake_node_count(rig_node(rig, 0), "AUTH") > greeted));
    go_on(rig, stopped, 5000);
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect_eq(metric(rig, "upstream_connect_failed_total"), 0);
    rig_stop(&rig);
}

Test(pause, in_the_middle_of_a_question_makes_no_node_silent)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .with_store = true, .connect_timeout = "3s", .refresh = "100ms"});
    struct fake_node *node = rig_node(rig, 0);

    cr_assert(WAIT_FOR(metric(rig, "discovery_refreshes_total") >= 3));
    long long failures = metric(rig, "discovery_failures_total");
    fake_node_pause(node);
    long long asked = metric(rig, "discovery_refreshes_total");
    cr_assert(WAIT_FOR(metric(rig, "discovery_refreshes_total") > asked));
    size_t heard = fake_node_count(node, "CLUSTER SLOTS");
    uint64_t stopped = stop(rig);
    fake_node_resume(node);
    cr_assert(WAIT_FOR(fake_node_count(node, "CLUSTER SLOTS") > heard));
    go_on(rig, stopped, 5000);
    cr_expect(WAIT_FOR(metric(rig, "discovery_refreshes_total") > asked + 2));
    cr_expect_eq(metric(rig, "discovery_failures_total"), failures);
    rig_stop(&rig);
}

Test(pause, is_told_and_is_no_reason_to_suspect_a_thread)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .workers = 2, .with_store = true, .global = "watchdog: {after: 400ms}\n"});

    for (int round = 0; round < 2; round++) {
        long long pauses = metric(rig, "process_pauses_total");
        uint64_t stopped = stop(rig);
        /* So that the threads have work the moment they wake. */
        for (int i = 0; i < REQUESTS; i++) {
            wire_request(rig_client(rig), "PING");
        }
        go_on(rig, stopped, 2500);
        for (int i = 0; i < REQUESTS; i++) {
            cr_assert_str_eq(wire_text(rig_client(rig)), "PONG");
        }
        cr_expect(WAIT_FOR(metric(rig, "process_pauses_total") > pauses));
        cr_expect_eq(http_get(rig_admin_port(rig), "/healthz", NULL), 200);
    }
    cr_expect_eq(metric(rig, "thread_stalls_total"), 0);
    cr_expect_eq(metric(rig, "thread_stuck_seconds"), 0);
    cr_expect(rig_has_written(rig, "the process stood still"));
    cr_expect_not(rig_has_written(rig, "is stuck"));
    rig_stop(&rig);
}
