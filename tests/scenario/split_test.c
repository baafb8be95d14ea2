/* MGET, MSET, DEL, EXISTS, TOUCH, UNLINK and XREAD work over all nodes as if there were one.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/resp.h"
#include "tests/support/rig.h"

TestSuite(split, .timeout = 120, .fini = rig_clean_up);

Test(split, mget_answers_in_the_order_of_its_keys)
{
    struct rig *rig = rig_start_store(2);

    cr_expect_str_eq(ask(rig, "MSET", "a", "1", "b", "2", "c", "3", "d", "4"), "OK");
    cr_expect_str_eq(ask(rig, "MGET", "d", "c", "nothing", "b", "a"), "[4 3 (nil) 2 1]");
    cr_expect_str_eq(ask(rig, "MGET", "a", "b", "a", "a", "b"), "[1 2 1 1 2]");
    cr_expect_eq(metric(rig, "downstream_split_total"), 3);
    rig_stop(&rig);
}

Test(split, mset_with_a_key_twice_keeps_the_last_value)
{
    struct rig *rig = rig_start_store(2);

    cr_expect_str_eq(ask(rig, "MSET", "a", "1", "b", "2", "a", "3"), "OK");
    cr_expect_str_eq(ask(rig, "MGET", "a", "b"), "[3 2]");
    rig_stop(&rig);
}

Test(split, counts_are_summed_as_one_server_would)
{
    struct rig *rig = rig_start_store(3);

    cr_expect_str_eq(ask(rig, "MSET", "a", "1", "b", "2", "c", "3", "d", "4"), "OK");
    cr_expect_str_eq(ask(rig, "EXISTS", "a", "b", "nothing", "a"), "3");
    cr_expect_str_eq(ask(rig, "TOUCH", "a", "c", "nothing"), "2");
    cr_expect_str_eq(ask(rig, "UNLINK", "a", "c", "c"), "2");
    cr_expect_str_eq(ask(rig, "DEL", "a", "b", "c", "d"), "2");
    cr_expect_str_eq(ask(rig, "EXISTS", "a", "b", "c", "d"), "0");
    rig_stop(&rig);
}

Test(split, one_slot_passes_untouched)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("mGeT", "{k}1", "{k}2", "{k}1"), SAY("*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n1\r\n"),
           WANT("DEL", "{k}1", "{k}2"), SAY(":2\r\n"));

    cr_expect_str_eq(ask(rig, "mGeT", "{k}1", "{k}2", "{k}1"), "[1 (nil) 1]");
    cr_expect_str_eq(ask(rig, "DEL", "{k}1", "{k}2"), "2");
    cr_expect_eq(metric(rig, "downstream_split_total"), 0);
    rig_stop(&rig);
}

Test(split, keys_of_one_slot_go_together)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("MGET", "{k}1", "{k}2"), SAY("*2\r\n$1\r\n1\r\n$1\r\n2\r\n"));
    script(rig, 1, WANT("MGET", "{a}1", "{a}2"), SAY("*2\r\n$1\r\n3\r\n$1\r\n4\r\n"));

    cr_expect_str_eq(ask(rig, "MGET", "{k}1", "{a}1", "{k}2", "{a}2"), "[1 3 2 4]");
    rig_stop(&rig);
}

Test(split, two_slots_of_one_node_are_two_requests)
{
    struct rig *rig = rig_start_store(1);

    cr_expect_str_eq(ask(rig, "MSET", "a", "1", "b", "2"), "OK");
    cr_expect_str_eq(ask(rig, "MGET", "b", "a"), "[2 1]");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "MGET b"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "MGET a"), 1);
    rig_stop(&rig);
}

Test(split, one_failing_part_fails_all_and_is_named)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("MSET", "k", "1"), SAY("+OK\r\n"), WANT("MGET", "k"),
           SAY("*1\r\n$1\r\n1\r\n"));
    script(rig, 1, WANT("MSET", "a", "2"),
           SAY("-OOM command not allowed when used memory > 'maxmemory'.\r\n"), WANT("MGET", "a"),
           SAY("-NOPERM no access to this key\r\n"));

    const char *reply = ask(rig, "MSET", "k", "1", "a", "2");
    EXPECT_STARTS(reply, "-OOM command not allowed");
    EXPECT_CONTAINS(reply, rig_address(rig, 1));
    EXPECT_STARTS(ask(rig, "MGET", "k", "a"), "-NOPERM no access to this key");
    rig_stop(&rig);
}

Test(split, a_part_is_redirected_like_any_request)
{
    struct rig *rig = rig_start(3);
    /* With three nodes "k" is node 1's and "b" node 0's. */
    script(rig, 0, WANT("MGET", "b"), SAY("*1\r\n$1\r\n2\r\n"));
    script(rig, 1, WANT("MGET", "k"), SAY("-MOVED 7629 %s\r\n", rig_address(rig, 2)));
    script(rig, 2, WANT("MGET", "k"), SAY("*1\r\n$1\r\n1\r\n"));

    cr_expect_str_eq(ask(rig, "MGET", "k", "b"), "[1 2]");
    rig_stop(&rig);
}

Test(split, a_part_that_was_lost_is_unknown_when_it_writes_and_repeated_when_it_reads)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("DEL", "k"), SAY(":1\r\n"), WANT("EXISTS", "k"), SAY(":1\r\n"));
    script(rig, 1, WANT("DEL", "a"), CLOSE, WANT("EXISTS", "a"), CLOSE, WANT("EXISTS", "a"),
           SAY(":1\r\n"));

    const char *reply = ask(rig, "DEL", "k", "a");
    EXPECT_STARTS(reply, "-ERR proxy: connection to ");
    EXPECT_CONTAINS(reply, "outcome unknown");
    cr_expect_str_eq(ask(rig, "EXISTS", "k", "a"), "2");
    rig_stop(&rig);
}

Test(split, an_answer_that_does_not_fit_is_an_error)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("MGET", "k"), SAY("*2\r\n$1\r\n1\r\n$1\r\n1\r\n"), WANT("DEL", "k"),
           SAY("+OK\r\n"));
    script(rig, 1, WANT("MGET", "a"), SAY("*1\r\n$1\r\n2\r\n"), WANT("DEL", "a"), SAY(":1\r\n"));

    EXPECT_STARTS(ask(rig, "MGET", "k", "a"), "-ERR proxy: ");
    EXPECT_STARTS(ask(rig, "DEL", "k", "a"), "-ERR proxy: ");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    rig_stop(&rig);
}

Test(split, mset_needs_pairs)
{
    struct rig *rig = rig_start(2);

    cr_expect_str_eq(ask(rig, "MSET", "a", "1", "k"),
                     "-ERR wrong number of arguments for 'mset' command");
    cr_expect_str_eq(ask(rig, "MGET"), "-ERR wrong number of arguments for 'mget' command");
    rig_stop(&rig);
}

static void add_bulk(struct bytes *bytes, const char *text)
{
    bytes_print(bytes, "$%zu\r\n%s\r\n", strlen(text), text);
}

Test(split, thousands_of_keys_over_all_slots)
{
    enum { KEYS = 20000 };
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 5, .with_store = true, .request_timeout = "60s"});
    struct bytes set = {0};
    struct bytes get = {0};
    struct bytes values = {0};
    char text[32];
    size_t size = 0;

    bytes_print(&set, "*%d\r\n$4\r\nMSET\r\n", 2 * KEYS + 1);
    bytes_print(&get, "*%d\r\n$4\r\nMGET\r\n", KEYS + 1);
    bytes_print(&values, "*%d\r\n", KEYS);
    for (int i = 0; i < KEYS; i++) {
        snprintf(text, sizeof text, "key:%d", i * 7919 % KEYS);
        add_bulk(&set, text);
        add_bulk(&get, text);
        add_bulk(&set, text + 4);
        add_bulk(&values, text + 4);
    }
    wire_send_bytes(rig_client(rig), set.at, set.size);
    cr_assert_str_eq(wire_text(rig_client(rig)), "OK");
    wire_send_bytes(rig_client(rig), get.at, get.size);
    const char *reply = wire_reply(rig_client(rig), &size);
    cr_assert_not_null(reply);
    cr_assert_eq(size, values.size);
    cr_expect_eq(memcmp(reply, values.at, size), 0);
    bytes_clear(&set);
    bytes_clear(&get);
    bytes_clear(&values);
    rig_stop(&rig);
}

/* Each of a thousand slots would be told the long number anew. */
Test(split, what_is_far_more_in_parts_than_in_one_is_refused)
{
    enum { KEYS = 1000, DIGITS = 1000 };
    struct rig *rig = rig_start_store(2);
    struct bytes read = {0};
    char text[DIGITS + 1];

    bytes_print(&read, "*%d\r\n", 4 + 2 * KEYS);
    add_bulk(&read, "XREAD");
    add_bulk(&read, "COUNT");
    snprintf(text, sizeof text, "%0*d", DIGITS, 1);
    add_bulk(&read, text);
    add_bulk(&read, "STREAMS");
    for (int i = 0; i < KEYS; i++) {
        snprintf(text, sizeof text, "%d", i);
        add_bulk(&read, text);
    }
    for (int i = 0; i < KEYS; i++) {
        add_bulk(&read, "0");
    }
    wire_send_bytes(rig_client(rig), read.at, read.size);
    cr_expect_str_eq(
        wire_text(rig_client(rig)),
        "-CROSSSLOT Keys in request don't hash to the same slot (proxy: 'xread' cannot "
        "be split; give its keys a common {hash tag})");
    cr_expect_eq(metric(rig, "downstream_split_total"), 0);
    cr_expect_str_eq(ask(rig, "MSET", "a", "1", "b", "2"), "OK");
    bytes_clear(&read);
    rig_stop(&rig);
}
