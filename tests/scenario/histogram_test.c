/* LATENCY HISTOGRAM of requests that nodes answer, and CONFIG RESETSTAT, which forgets it. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(histogram, .timeout = 120, .fini = rig_clean_up);

Test(histogram, a_request_is_counted_once_however_many_nodes_served_it)
{
    struct rig *rig = rig_start_store(3);

    ask(rig, "SET", "a", "1");
    ask(rig, "GET", "a");
    ask(rig, "GET", "b");
    ask(rig, "LPUSH", "a", "wrong type");
    ask(rig, "MGET", "a", "b", "c");
    EXPECT_STARTS(ask(rig, "LATENCY", "HISTOGRAM", "set"), "[set [calls 1 histogram_usec [");
    EXPECT_STARTS(ask(rig, "LATENCY", "HISTOGRAM", "get"), "[get [calls 2 histogram_usec [");
    EXPECT_STARTS(ask(rig, "LATENCY", "HISTOGRAM", "lpush"), "[lpush [calls 1 histogram_usec [");
    EXPECT_STARTS(ask(rig, "LATENCY", "HISTOGRAM", "mget"), "[mget [calls 1 histogram_usec [");
    rig_stop(&rig);
}

enum { SLOW_MS = 20 };

/* More than 20 ms is more than 16908 us, and never in that bucket. */
Test(histogram, time_with_the_node_counts)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\n1\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == 1));
    uint64_t since = wait_now_ms();
    cr_assert(WAIT_FOR(wait_now_ms() > since + SLOW_MS));
    fake_node_release(rig_node(rig, 0));
    cr_assert_str_eq(wire_text(rig_client(rig)), "1");
    const char *reply = ask(rig, "LATENCY", "HISTOGRAM", "get");
    EXPECT_STARTS(reply, "[get [calls 1 histogram_usec [");
    EXPECT_LACKS(reply, "[16908 ");
    EXPECT_LACKS(reply, "[8454 ");
    EXPECT_LACKS(reply, "[1 ");
    rig_stop(&rig);
}

Test(histogram, resetstat_forgets_it_on_all_threads_and_reaches_all_nodes)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .workers = 2});
    struct wire *other = rig_connect(rig); /* the emptier worker's */

    for (int i = 0; i < 2; i++) {
        script(rig, i, WANT("CONFIG", "RESETSTAT"), SAY("+OK\r\n"));
    }
    wire_ask(rig_client(rig), "PING");
    wire_ask(other, "PING");
    EXPECT_STARTS(wire_ask(other, "LATENCY", "HISTOGRAM", "ping"), "[ping [calls 2 ");
    cr_expect_str_eq(ask(rig, "CONFIG", "RESETSTAT"), "OK");
    cr_expect_str_eq(wire_ask(other, "LATENCY", "HISTOGRAM", "ping"), "[]");
    EXPECT_STARTS(ask(rig, "LATENCY", "HISTOGRAM", "config"), "[config|resetstat [calls 1 ");
    rig_stop(&rig);
}
