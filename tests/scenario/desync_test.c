/* Connections that break in the middle, and nodes that do not speak as they should: what was cut is
 * no answer, what was sent is not sent twice, and no reply reaches another request.
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(desync, .timeout = 120, .fini = rig_clean_up);

static struct rig *start_behind_relays(void)
{
    return rig_start_with((struct rig_options){.nodes = 1,
                                               .with_store = true,
                                               .with_relays = true,
                                               .request_timeout = "30s",
                                               .refresh = "1h"});
}

Test(desync, a_read_whose_reply_is_cut_at_any_byte_is_read_again)
{
    struct rig *rig = start_behind_relays();
    const char *reply = "$10\r\n0123456789\r\n";

    cr_expect_str_eq(ask(rig, "SET", "k", "0123456789"), "OK");
    for (size_t cut = 1; cut < strlen(reply); cut++) {
        relay_cut_after(rig_relay(rig, 0), RELAY_TO_PROXY, cut);
        wire_request(rig_client(rig), "GET", "k");
        cr_expect_str_eq(wire_bytes(rig_client(rig), reply), wire_escaped(rig_client(rig), reply),
                         "cut at %zu", cut);
    }
    cr_expect_gt(metric(rig, "retry_read_total"), 0);
    rig_stop(&rig);
}

Test(desync, a_write_whose_reply_is_cut_at_any_byte_is_unknown_and_not_repeated)
{
    struct rig *rig = start_behind_relays();
    const char *reply = ":1\r\n";

    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    for (size_t cut = 1; cut < strlen(reply); cut++) {
        const char *key = rig_print(rig, "key%zu", cut);
        relay_cut_after(rig_relay(rig, 0), RELAY_TO_PROXY, cut);
        EXPECT_CONTAINS(ask(rig, "INCR", key), "lost after send, outcome unknown");
        cr_expect_str_eq(ask(rig, "GET", key), "1");
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), strlen(reply) - 1);
    rig_stop(&rig);
}

/* slotway cannot know how much of it has arrived. */
Test(desync, a_write_that_is_cut_on_its_way_is_unknown_and_not_repeated)
{
    static const char request[] = "*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n";
    struct rig *rig = start_behind_relays();

    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    for (size_t cut = 1; cut < sizeof request - 1; cut += 3) {
        relay_cut_after(rig_relay(rig, 0), RELAY_TO_NODE, cut);
        EXPECT_CONTAINS(ask(rig, "INCR", "k"), "lost after send, outcome unknown");
        cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), 0);
    rig_stop(&rig);
}

/* Of a pipeline the answered part stands, and of the rest reads are repeated and writes are not. */
Test(desync, a_pipeline_that_is_cut_is_answered_in_order_and_in_full)
{
    enum { PAIRS = 50 };
    struct rig *rig = start_behind_relays();
    int known = 0;

    cr_expect_str_eq(ask(rig, "SET", "k", "0"), "OK");
    relay_cut_after(rig_relay(rig, 0), RELAY_TO_PROXY, 301);
    for (int i = 0; i < PAIRS; i++) {
        wire_request(rig_client(rig), "INCR", "k");
        wire_request(rig_client(rig), "ECHO", rig_print(rig, "%d", i));
    }
    for (int i = 0; i < PAIRS; i++) {
        const char *reply = wire_text(rig_client(rig));
        if (reply[0] != '-') {
            cr_expect_str_eq(reply, rig_print(rig, "%d", i + 1));
            known++;
        }
        cr_expect_str_eq(wire_text(rig_client(rig)), rig_print(rig, "%d", i));
    }
    char *value = fake_store_get(rig_store(rig), "k");
    cr_expect_geq(atoi(value), known);
    cr_expect_leq(fake_node_count(rig_node(rig, 0), "INCR"), PAIRS);
    free(value);
    rig_stop(&rig);
}

Test(desync, garbage_for_a_read_is_not_shown_to_the_client)
{
    static const char *const garbage[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "$x\r\n", "*-5\r\n", "$5\r\nabcdefgh\r\n",
    };
    struct rig *rig = rig_start(1);

    for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
        script(rig, 0, WANT("GET", "k"), SAY("%s", garbage[i]), WANT("GET", "k"),
               SAY("$1\r\nv\r\n"));
        cr_expect_str_eq(ask(rig, "GET", "k"), "v", "%s", garbage[i]);
    }
    cr_expect_eq(rig_metric(rig, "upstream_closed_total", "protocol_error"), ARRAY_LEN(garbage));
    rig_stop(&rig);
}

Test(desync, a_node_that_only_talks_garbage_is_given_up)
{
    struct rig *rig = rig_start(2);
    fake_node_handle(rig_node(rig, 0), fake_always, "garbage");
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\nv\r\n"));

    EXPECT_STARTS(ask(rig, "GET", "k"), "-ERR proxy: connection to the node lost");
    cr_expect_lt(fake_node_count(rig_node(rig, 0), "GET"), 10);
    cr_expect_str_eq(ask(rig, "GET", "a"), "v");
    rig_stop(&rig);
}

/* A reply before any question: whatever comes next on that connection could be off by one. */
Test(desync, an_early_reply_ends_the_connection_before_it_answers_anything)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\n1\r\n"), STALL, SAY("$5\r\nearly\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    fake_node_release(rig_node(rig, 0));
    cr_expect(WAIT_FOR(rig_metric(rig, "upstream_closed_total", "unasked_reply") == 1));
    script(rig, 0, WANT("GET", "c"), SAY("$1\r\n2\r\n"));
    cr_expect_str_eq(ask(rig, "GET", "c"), "2");
    rig_stop(&rig);
}

Test(desync, a_reply_with_a_hundred_thousand_levels_passes_like_any_other)
{
    enum { LEVELS = 100000 };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "60s"});
    struct bytes nested = {0};

    for (int i = 0; i < LEVELS; i++) {
        bytes_print(&nested, "*1\r\n");
    }
    bytes_print(&nested, ":1\r\n");
    script(rig, 0, WANT("LRANGE", "k", "0", "-1"), SAY("%s", nested.at), WANT("GET", "k"),
           SAY("$1\r\nv\r\n"));
    wire_request(rig_client(rig), "LRANGE", "k", "0", "-1");
    cr_expect_str_eq(wire_bytes(rig_client(rig), nested.at),
                     wire_escaped(rig_client(rig), nested.at));
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    bytes_clear(&nested);
    rig_stop(&rig);
}

/* Memory is taken for what has come, not for what is announced. */
Test(desync, a_reply_that_announces_much_and_says_nothing_costs_nothing)
{
    enum { GROWTH_KB = 20 * 1024 };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "500ms"});
    long before = process_resident_kb(rig_process(rig));
    script(rig, 0, WANT("GET", "k"), SAY("$4000000000\r\nabc"));
    script(rig, 1, WANT("LRANGE", "a", "0", "-1"), SAY("*2000000000\r\n"));
    struct wire *other = rig_connect(rig);

    wire_request(rig_client(rig), "GET", "k");
    wire_request(other, "LRANGE", "a", "0", "-1");
    EXPECT_STARTS(wire_text(rig_client(rig)), "-ERR proxy: no answer from ");
    EXPECT_STARTS(wire_text(other), "-ERR proxy: no answer from ");
    cr_expect_lt(process_resident_kb(rig_process(rig)), before + GROWTH_KB);
    rig_stop(&rig);
}
