/* What a client has said of its connection holds for the requests behind it, and for no others. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"
#include "tests/support/twin.h"

TestSuite(client_state, .timeout = 120, .fini = rig_clean_up);

enum { MANY = 1000 };

/* Each row ends with ECHO end: nothing is missing, and nothing comes behind it. */
static const struct {
    const char *lines;
    const char *replies;
} silence[] = {
    {"CLIENT REPLY SKIP|SET k 1|GET k|ECHO end", "$1\r\n1\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|MSET k 1 a 2 b 3|MGET k a b|ECHO end",
     "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|PING|PING|ECHO end", "+PONG\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|NOTHING|PING|ECHO end", "+PONG\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|GET|PING|ECHO end", "+PONG\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|RENAME k a|PING|ECHO end", "+PONG\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|CLIENT REPLY SKIP|PING|ECHO 1|ECHO end", "$1\r\n1\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|CLIENT REPLY x|PING|ECHO end", "+PONG\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|CLIENT REPLY ON|PING|ECHO end", "+OK\r\n+PONG\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|CLIENT REPLY OFF|PING|CLIENT REPLY ON|ECHO end", "+OK\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY SKIP|RESET|PING|ECHO end", "+PONG\r\n$3\r\nend\r\n"},
    {"SET k 5|CLIENT REPLY OFF|INCR k|NOTHING|MGET k a|INCR k|CLIENT REPLY SKIP|PING|CLIENT REPLY "
     "ON|GET k|ECHO end",
     "+OK\r\n+OK\r\n$1\r\n7\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY OFF|RESET|ECHO end", "+RESET\r\n$3\r\nend\r\n"},
    {"CLIENT REPLY ON|CLIENT REPLY ON|ECHO end", "+OK\r\n+OK\r\n$3\r\nend\r\n"},
    {"GET nothing|CLIENT REPLY SKIP|GET k|GET nothing|ECHO end", "$-1\r\n$-1\r\n$3\r\nend\r\n"},
};

/* Lines and arrays take ways of their own through slotway. */
static void (*const forms[])(struct wire *wire, const char *lines) = {wire_send_lines,
                                                                      wire_send_requests};

static void expect_silence(struct rig *rig, size_t form, size_t row)
{
    struct wire *wire = rig_connect(rig);

    forms[form](wire, silence[row].lines);
    const char *heard = wire_bytes(wire, silence[row].replies);
    cr_expect_str_eq(heard, wire_escaped(wire, silence[row].replies), "%s, form %zu: %s",
                     silence[row].lines, form, heard);
    cr_expect_str_eq(wire_ask(wire, "ECHO", "last"), "last", "%s", silence[row].lines);
    rig_disconnect(rig, &wire);
}

Test(client_state, silence_is_for_those_requests_that_it_was_asked_for)
{
    struct rig *rig = rig_start_store(3);

    for (size_t i = 0; i < ARRAY_LEN(forms) * ARRAY_LEN(silence); i++) {
        expect_silence(rig, i / ARRAY_LEN(silence), i % ARRAY_LEN(silence));
    }
    for (int node = 0; node < 3; node++) {
        cr_expect_eq(fake_node_count(rig_node(rig, node), "CLIENT REPLY"), 0);
    }
    rig_stop(&rig);
}

/* A server of one node, with the same bytes. */
Test(client_state, silence_is_that_of_redis)
{
    struct rig *rig = rig_start_store(1);
    uint16_t twin_port = twin_start();

    for (size_t i = 0; i < ARRAY_LEN(silence); i++) {
        struct wire *twin = wire_open(twin_port);
        cr_assert_not_null(twin);
        wire_send_lines(twin, silence[i].lines);
        const char *heard = wire_bytes(twin, silence[i].replies);
        cr_expect_str_eq(heard, wire_escaped(twin, silence[i].replies), "%s: Redis says %s",
                         silence[i].lines, heard);
        wire_close(&twin);
    }
    twin_stop();
    rig_stop(&rig);
}

Test(client_state, one_skipped_reply_of_many_that_are_slow)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("GET", "k"), WANT("GET", "k"), WANT("GET", "c"), STALL, SAY("$1\r\n1\r\n"),
           SAY("$1\r\n2\r\n"), SAY("$1\r\n3\r\n"));
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\na\r\n"));

    wire_send_lines(rig_client(rig), "GET k|CLIENT REPLY SKIP|GET k|GET a|GET c|PING");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "$1\r\n1\r\n$1\r\na\r\n$1\r\n3\r\n+PONG\r\n");
    rig_stop(&rig);
}

Test(client_state, an_error_in_the_protocol_is_told_although_an_earlier_reply_was_skipped)
{
    struct rig *rig = rig_start(1);

    wire_send_lines(rig_client(rig), "CLIENT REPLY SKIP|PING|*x");
    wire_expect(rig_client(rig), "-ERR Protocol error: invalid multibulk length\r\n");
    cr_expect(wire_is_closed(rig_client(rig)));
    cr_expect(rig_has_written(rig, "a client does not speak RESP pool=main client=1 "
                                   "address=127.0.0.1:"));
    rig_stop(&rig);
}

/* Requests whose replies are their numbers. */
static void send_many(struct wire *wire, int count)
{
    struct bytes sent = {0};

    for (int i = 0; i < count; i++) {
        bytes_print(&sent, "*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n");
    }
    cr_assert(wire_send_bytes(wire, sent.at, sent.size));
    bytes_clear(&sent);
}

static void expect_many(struct wire *wire, int count)
{
    char number[16];

    for (int i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%d", i + 1);
        cr_assert_str_eq(wire_text(wire), number);
    }
}

Test(client_state, quit_behind_many_requests_comes_after_all_replies)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .with_store = true, .request_timeout = "20s"});

    send_many(rig_client(rig), MANY);
    wire_send_lines(rig_client(rig), "QUIT|INCR k|SET a 1");
    expect_many(rig_client(rig), MANY);
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect(wire_is_closed(rig_client(rig)));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR") +
                     fake_node_count(rig_node(rig, 1), "INCR"),
                 MANY);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "SET"), 0);
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "reason=\"quit\"") == 1));
    rig_stop(&rig);
}

/* More than the kernel holds, behind the QUIT and in the replies: closing at once would cost
 * replies. */
Test(client_state, quit_loses_no_reply_of_a_client_that_goes_on_sending)
{
    enum { READS = 40, VALUE = 50000, BEHIND = 300000 };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .with_store = true,
                                                          .request_timeout = "20s",
                                                          .clients = "pending_bytes: 64mb"});
    struct bytes sent = {0};
    struct wire *reader = rig_connect(rig);
    size_t size = 0;
    int replies = 0;

    cr_assert_str_eq(ask(rig, "SET", "k", rig_print(rig, "%0*d", VALUE, 0)), "OK");
    for (int i = 0; i < READS; i++) {
        wire_request(reader, "GET", "k");
    }
    wire_request(reader, "QUIT");
    for (int i = 0; i < BEHIND / 100; i++) {
        bytes_print(&sent, "%0100d", 0);
    }
    size_t behind = wire_send_some(reader, sent.at, sent.size);
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_requests_total", NULL) == READS + 2));
    for (int i = 0; i < 100; i++) {
        behind += wire_send_some(reader, sent.at, sent.size);
        wait_a_moment();
    }
    cr_expect_gt(behind, 0);
    for (; replies < READS; replies++) {
        if (wire_reply(reader, &size) == NULL || size < VALUE) {
            break;
        }
    }
    cr_expect_eq(replies, READS);
    cr_expect_str_eq(wire_text(reader), "OK");
    cr_expect(wire_is_closed(reader));
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 1));
    bytes_clear(&sent);
    rig_stop(&rig);
}

Test(client_state, reset_behind_many_requests_keeps_its_place)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .with_store = true, .request_timeout = "20s", .clients = "password: secret"});

    wire_send_lines(rig_client(rig), "AUTH secret|CLIENT SETNAME me");
    send_many(rig_client(rig), MANY);
    wire_send_lines(rig_client(rig), "CLIENT GETNAME|RESET|GET k|CLIENT GETNAME|AUTH secret|CLIENT "
                                     "GETNAME|GET k");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n");
    expect_many(rig_client(rig), MANY);
    wire_expect(rig_client(rig), "$2\r\nme\r\n+RESET\r\n-NOAUTH Authentication required.\r\n"
                                 "-NOAUTH Authentication required.\r\n+OK\r\n$-1\r\n"
                                 "$4\r\n1000\r\n");
    rig_stop(&rig);
}

Test(client_state, reset_ends_silence_and_the_name_is_gone)
{
    struct rig *rig = rig_start_store(1);

    wire_send_lines(rig_client(rig),
                    "CLIENT SETNAME me|CLIENT REPLY OFF|SET k 1|RESET|CLIENT GETNAME");
    wire_expect(rig_client(rig), "+OK\r\n+RESET\r\n$-1\r\n");
    rig_stop(&rig);
}

Test(client_state, a_failed_hello_or_auth_changes_nothing)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .clients = "password: secret"});
    struct wire *stranger = rig_connect(rig);
    const char *refused = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

    wire_send_lines(stranger,
                    "HELLO 2 AUTH default wrong SETNAME me|GET k|AUTH wrong|GET k|HELLO 4 "
                    "AUTH default secret|GET k|HELLO 2 AUTH default secret SETNAME \"a b\"");
    wire_expect(stranger, refused);
    wire_expect(stranger, "-NOAUTH Authentication required.\r\n");
    wire_expect(stranger, refused);
    wire_expect(stranger, "-NOAUTH Authentication required.\r\n"
                          "-NOPROTO unsupported protocol version\r\n"
                          "-NOAUTH Authentication required.\r\n");
    EXPECT_STARTS(wire_text(stranger), "-ERR Client names cannot contain");
    wire_send_lines(rig_client(rig),
                    "AUTH secret|CLIENT SETNAME me|HELLO 2 AUTH default wrong SETNAME "
                    "you|CLIENT GETNAME|GET k|HELLO 4 SETNAME you|CLIENT GETNAME");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n");
    wire_expect(rig_client(rig), refused);
    wire_expect(rig_client(rig), "$2\r\nme\r\n$-1\r\n-NOPROTO unsupported protocol version\r\n"
                                 "$2\r\nme\r\n");
    rig_stop(&rig);
}

Test(client_state, hello_in_the_middle_of_slow_requests_keeps_its_place)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("GET", "k"), STALL, SAY("$1\r\nv\r\n"), WANT("GET", "c"),
           SAY("$1\r\nw\r\n"));

    wire_send_lines(rig_client(rig), "GET k|HELLO 4|HELLO 2 SETNAME me|CLIENT GETNAME|GET c");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "$1\r\nv\r\n-NOPROTO unsupported protocol version\r\n");
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "proto 2");
    wire_expect(rig_client(rig), "$2\r\nme\r\n$1\r\nw\r\n");
    rig_stop(&rig);
}

Test(client_state, a_client_that_closes_its_half_gets_all_replies)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .with_store = true, .request_timeout = "20s", .clients = "pipeline: 16"});

    send_many(rig_client(rig), MANY);
    wire_finish_sending(rig_client(rig));
    expect_many(rig_client(rig), MANY);
    cr_expect(wire_is_closed(rig_client(rig)));
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "reason=\"peer_closed\"") == 1));
    rig_stop(&rig);
}

/* Its requests are with the node: they are executed, once, and their replies are dropped. */
Test(client_state, a_client_that_closes_while_writes_are_pending_leaves_nothing_behind)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .request_timeout = "20s"});
    struct wire *leaver = rig_connect(rig);

    cr_assert_str_eq(wire_ask(leaver, "GET", "k"), "(nil)");
    fake_node_pause(rig_node(rig, 0));
    send_many(leaver, 100);
    cr_expect(WAIT_FOR(metric(rig, "upstream_in_flight") == 100));
    rig_disconnect(rig, &leaver);
    fake_node_resume(rig_node(rig, 0));
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    cr_expect(WAIT_FOR(metric(rig, "upstream_in_flight") == 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "100");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), 100);
    rig_stop(&rig);
}

/* As with Redis, the request that is executed and those behind it. */
Test(client_state, client_list_shows_what_is_read_and_not_answered)
{
    struct rig *rig = rig_start(1);
    struct wire *asker = rig_connect(rig);
    script(rig, 0, WANT("GET", "a"), STALL);

    const char *id = rig_print(rig, "%s", ask(rig, "CLIENT", "ID"));
    wire_send_lines(rig_client(rig), "GET a|GET bcd");
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == 2));
    const char *line = wire_ask(asker, "CLIENT", "LIST", "ID", id);
    EXPECT_CONTAINS(line, " qbuf=42 ");
    EXPECT_CONTAINS(line, " argv-mem=4 ");
    fake_node_release(rig_node(rig, 0));
    rig_stop(&rig);
}
