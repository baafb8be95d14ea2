/* What is told of requests that are looked at closely: times and sizes by kind of command, and by
 * node. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(sampling, .timeout = 60, .fini = rig_clean_up);

static struct rig *rig_with(int nodes, const char *pool)
{
    return rig_start_with((struct rig_options){.nodes = nodes, .with_store = true, .pool = pool});
}

static long long of_kind(struct rig *rig, const char *name, const char *kind)
{
    return rig_metric(rig, name, rig_print(rig, "kind=\"%s\"", kind));
}

static long long of_node(struct rig *rig, const char *name, int index)
{
    return rig_metric(rig, name, rig_print(rig, "node=\"%s\"", rig_address(rig, index)));
}

Test(sampling, counts_what_happened_by_kind_of_command)
{
    struct rig *rig = rig_with(2, "metrics: {sample: 1}");

    ask(rig, "SET", "a", "1");
    ask(rig, "SET", "b", "1");
    ask(rig, "GET", "a");
    ask(rig, "MGET", "a", "b", "c"); /* two parts at least */
    ask(rig, "PING");
    cr_expect_eq(of_kind(rig, "command_seconds_count", "write"), 2);
    cr_expect_eq(of_kind(rig, "command_seconds_count", "read"), 2);
    cr_expect_eq(of_kind(rig, "command_seconds_count", "admin"), 1);
    cr_expect_eq(of_kind(rig, "queue_seconds_count", "write"), 2);
    cr_expect_eq(of_kind(rig, "backend_seconds_count", "write"), 2);
    cr_expect_geq(of_kind(rig, "backend_seconds_count", "read"), 3);
    cr_expect_eq(of_kind(rig, "queue_seconds_count", "read"),
                 of_kind(rig, "backend_seconds_count", "read"));
    cr_expect_eq(of_kind(rig, "request_bytes_count", "write"), 2);
    cr_expect_eq(of_kind(rig, "request_bytes_sum", "write"), 2 * 27);
    cr_expect_eq(of_kind(rig, "reply_bytes_sum", "write"), 2 * 5);
    cr_expect_eq(of_kind(rig, "reply_bytes_count", "read"), 2);
    rig_stop(&rig);
}

Test(sampling, counts_what_happened_by_node)
{
    struct rig *rig = rig_with(2, "metrics: {sample: 1}");

    ask(rig, "SET", "a", "1"); /* slot 15495 */
    ask(rig, "SET", "a", "2");
    ask(rig, "SET", "b", "1"); /* slot 3300 */
    ask(rig, "LPUSH", "b", "x");
    cr_expect_eq(of_node(rig, "node_requests_total", 0), 2);
    cr_expect_eq(of_node(rig, "node_requests_total", 1), 2);
    cr_expect_eq(of_node(rig, "node_backend_seconds_count", 0), 2);
    cr_expect_eq(of_node(rig, "node_queue_seconds_count", 1), 2);
    cr_expect_eq(of_node(rig, "node_errors_total", 0), 1);
    cr_expect_eq(of_node(rig, "node_errors_total", 1), 0);
    cr_expect_eq(rig_metric(rig, "node_error_replies_total", "error=\"ERR\""), 1);
    cr_expect_eq(of_node(rig, "node_connections", 0), 1);
    cr_expect_eq(of_node(rig, "node_in_flight", 0), 0);
    rig_stop(&rig);
}

Test(sampling, time_with_the_node_is_no_time_in_the_queue)
{
    enum { SLOW_MS = 70 };
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .pool = "metrics: {sample: 1}"});
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\n1\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    cr_assert(WAIT_FOR(of_kind(rig, "queue_seconds_count", "read") == 1));
    uint64_t since = wait_now_ms();
    cr_assert(WAIT_FOR(wait_now_ms() > since + SLOW_MS));
    fake_node_release(rig_node(rig, 0));
    cr_assert_str_eq(wire_text(rig_client(rig)), "1");
    cr_expect_eq(of_kind(rig, "backend_seconds_count", "read"), 1);
    cr_expect_eq(rig_metric(rig, "backend_seconds_bucket", "kind=\"read\",le=\"0.065536\""), 0);
    cr_expect_eq(rig_metric(rig, "node_backend_seconds_bucket", "le=\"0.065536\""), 0);
    rig_stop(&rig);
}

/* Both attempts count, each for its node. */
Test(sampling, a_redirection_counts_for_both_nodes_and_as_a_retry)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 2, .pool = "metrics: {sample: 1}"});
    script(rig, 1, WANT("GET", "a"), SAY("-MOVED 15495 %s\r\n", rig_address(rig, 0)));
    script(rig, 0, WANT("GET", "a"), SAY("$1\r\n1\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "a"), "1");
    cr_expect_eq(of_node(rig, "node_backend_seconds_count", 0), 1);
    cr_expect_eq(of_node(rig, "node_backend_seconds_count", 1), 1);
    cr_expect_eq(of_kind(rig, "backend_seconds_count", "read"), 2);
    cr_expect_eq(of_kind(rig, "reply_bytes_count", "read"), 1);
    cr_expect_eq(rig_metric(rig, "retries_total", "cause=\"moved\""), 1);
    cr_expect_eq(rig_metric(rig, "retries_total", "cause=\"ask\""), 0);
    cr_expect_eq(rig_metric(rig, "node_error_replies_total", "error=\"MOVED\""), 0);
    rig_stop(&rig);
}

Test(sampling, where_there_are_too_many_nodes_none_has_metrics_of_its_own)
{
    struct rig *rig = rig_with(3, "metrics: {sample: 1, nodes: 2}");

    ask(rig, "SET", "a", "1");
    cr_expect_eq(metric(rig, "node_requests_total"), -1);
    cr_expect_eq(of_kind(rig, "backend_seconds_count", "write"), 1);
    rig_stop(&rig);
}

/* Of them not even the command need be known. */
Test(sampling, what_is_answered_at_once_behind_others_is_none)
{
    struct rig *rig = rig_with(1, "metrics: {sample: 1}");

    wire_request(rig_client(rig), "SET", "a", "1");
    wire_request(rig_client(rig), "NONSENSE");
    wire_request(rig_client(rig), "GET");
    wire_request(rig_client(rig), "PING");
    wire_request(rig_client(rig), "GET", "a");
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    EXPECT_STARTS(wire_text(rig_client(rig)), "-ERR unknown command 'NONSENSE'");
    EXPECT_STARTS(wire_text(rig_client(rig)), "-ERR wrong number of arguments for 'get'");
    cr_expect_str_eq(wire_text(rig_client(rig)), "PONG");
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    cr_expect_eq(of_kind(rig, "request_bytes_count", "write"), 1);
    cr_expect_eq(of_kind(rig, "request_bytes_count", "read"), 1);
    cr_expect_eq(of_kind(rig, "request_bytes_count", "admin"), 0);
    rig_stop(&rig);
}

Test(sampling, can_be_switched_off)
{
    struct rig *rig = rig_with(1, "metrics: {sample: 0}");

    for (int i = 0; i < 10; i++) {
        ask(rig, "SET", "a", "1");
    }
    cr_expect_eq(of_kind(rig, "backend_seconds_count", "write"), 0);
    cr_expect_eq(of_kind(rig, "command_seconds_count", "write"), 10);
    EXPECT_LACKS(ask(rig, "PROXY", "HOTKEYS"), "slot ");
    rig_stop(&rig);
}

/* With the default distance a sample stands for many, and their weights are all requests. */
Test(sampling, few_samples_stand_for_all)
{
    enum { REQUESTS = 3000 };
    struct rig *rig = rig_with(1, "metrics: {sample: 64}");

    for (int i = 0; i < REQUESTS; i++) {
        wire_request(rig_client(rig), "SET", i % 10 == 0 ? rig_print(rig, "k%d", i) : "hot", "1");
    }
    for (int i = 0; i < REQUESTS; i++) {
        cr_assert_str_eq(wire_text(rig_client(rig)), "OK");
    }
    long long counted = of_kind(rig, "request_bytes_count", "write");
    cr_expect_leq(counted, REQUESTS);
    cr_expect_gt(counted, REQUESTS - 96, "the last distance is still open: %lld", counted);
    rig_stop(&rig);
}
