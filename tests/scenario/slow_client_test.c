/* Clients that do not read cost themselves time, and nobody else anything. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(slow_client, .timeout = 180, .fini = rig_clean_up);

enum { VALUE_SIZE = 100 * 1024, READS = 1000 };

static void set_value(struct rig *rig, size_t size)
{
    char *value = malloc(size);

    memset(value, 'x', size);
    wire_send(rig_client(rig), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%zu\r\n", size);
    wire_send_bytes(rig_client(rig), value, size);
    wire_send(rig_client(rig), "\r\n");
    cr_assert_str_eq(wire_text(rig_client(rig)), "OK");
    free(value);
}

Test(slow_client, that_reads_nothing_does_not_disturb_others_and_does_not_fill_memory)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1,
                                            .with_store = true,
                                            .request_timeout = "60s",
                                            .clients = "pipeline: 16, pending_bytes: 1mb"});
    struct wire *slow = rig_connect(rig);
    size_t size = 0;

    set_value(rig, VALUE_SIZE);
    long before = process_resident_kb(rig_process(rig));
    for (int i = 0; i < READS; i++) {
        wire_request(slow, "GET", "k");
    }
    cr_expect(WAIT_FOR(metric(rig, "downstream_paused_total") > 0));
    for (int i = 0; i < 100; i++) {
        cr_expect_str_eq(ask(rig, "APPEND", "a", "."), rig_print(rig, "%d", i + 1));
    }
    cr_expect_lt(process_resident_kb(rig_process(rig)) - before, 40 * 1024);
    for (int i = 0; i < READS; i++) {
        cr_assert_not_null(wire_reply(slow, &size));
        cr_assert_eq(size, VALUE_SIZE + strlen("$102400\r\n\r\n"));
    }
    rig_stop(&rig);
}

Test(slow_client, is_disconnected_at_the_limit_of_its_output)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .clients = "output_bytes: 1mb"});
    struct wire *slow = rig_connect(rig);

    set_value(rig, 32 * 1024 * 1024);
    wire_shrink_receive_buffer(slow);
    cr_expect_str_eq(wire_ask(slow, "SET", "a", "1"), "OK");
    wire_request(slow, "GET", "k");
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 1));
    cr_expect_str_eq(ask(rig, "GET", "a"), "1");
    rig_stop(&rig);
}

/* GET a, and GET k so many times, in one piece: once replies are known to be large, no more are
 * asked for than may be unread, and nobody needs to be disconnected. */
static void ask_at_once(struct wire *client, int times)
{
    char text[8192];
    size_t size = (size_t)sprintf(text, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n");

    for (int i = 0; i < times; i++) {
        cr_assert_lt(size, sizeof text - 64);
        size += (size_t)sprintf(text + size, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    }
    wire_send_bytes(client, text, size);
}

Test(slow_client, is_disconnected_when_too_much_waits_behind_a_reply_that_does_not_come)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .with_store = true, .request_timeout = "60s", .clients = "output_bytes: 1mb"});
    struct wire *client = rig_connect(rig);

    set_value(rig, 256 * 1024);
    cr_expect_str_eq(wire_ask(client, "SET", "a", "1"), "OK");
    long long active = metric(rig, "downstream_connections_active");
    fake_node_pause(rig_node(rig, 1));
    ask_at_once(client, 100);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == active - 1));
    fake_node_resume(rig_node(rig, 1));
    rig_stop(&rig);
}

Test(slow_client, that_sends_byte_by_byte_does_not_hold_up_others)
{
    struct rig *rig = rig_start_store(1);
    struct wire *slow = rig_connect(rig);

    for (const char *at = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"; *at != '\0'; at++) {
        wire_send_bytes(slow, at, 1);
        cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    }
    cr_expect_str_eq(wire_text(slow), "OK");
    rig_stop(&rig);
}

Test(slow_client, one_client_too_many_is_told_so)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .clients = "max: 2"});
    struct wire *second = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect_str_eq(wire_ask(second, "PING"), "PONG");
    struct wire *third = rig_connect(rig);
    cr_expect_str_eq(wire_text(third), "-ERR max number of clients reached");
    cr_expect(wire_is_closed(third));
    cr_expect_eq(metric(rig, "downstream_rejected_total"), 1);
    rig_disconnect(rig, &second);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 1));
    struct wire *fourth = rig_connect(rig);
    cr_expect_str_eq(wire_ask(fourth, "PING"), "PONG");
    rig_stop(&rig);
}

Test(slow_client, is_not_read_from_while_large_replies_wait_behind_one_that_does_not_come)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .with_store = true, .request_timeout = "60s", .clients = "output_bytes: 1mb"});
    struct wire *client = rig_connect(rig);
    size_t size = 0;

    set_value(rig, 256 * 1024);
    cr_expect_str_eq(wire_ask(client, "SET", "a", "1"), "OK");
    wire_request(client, "GET", "k");
    cr_assert_not_null(wire_reply(client, &size));
    fake_node_pause(rig_node(rig, 1));
    ask_at_once(client, 100);
    cr_expect(WAIT_FOR(metric(rig, "downstream_paused_total") > 0));
    fake_node_resume(rig_node(rig, 1));
    cr_expect_str_eq(wire_text(client), "1");
    rig_stop(&rig);
}
