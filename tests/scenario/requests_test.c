/* Requests are read as Redis reads them, whatever way their bytes come. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"
#include "tests/support/twin.h"

TestSuite(requests, .timeout = 180, .fini = rig_clean_up);

Test(requests, may_be_inline)
{
    static const struct {
        const char *sent;
        const char *replies;
    } rows[] = {
        {"SET k v\r\n", "+OK\r\n"},
        {"  GET   k  \r\n", "$1\r\nv\r\n"},
        {"GET k\n", "$1\r\nv\r\n"},
        {"SET k \"a \\\"b\\\" \\x01\\r\\n\"\r\nGET k\r\n", "+OK\r\n$9\r\na \"b\" \x01\r\n\r\n"},
        {"SET k 'it\\'s'\r\nGET k\r\n", "+OK\r\n$4\r\nit's\r\n"},
        {"\r\n\r\n\nPING\r\n", "+PONG\r\n"},
        {"*0\r\n*-1\r\nPING\r\n", "+PONG\r\n"},
        {"SET k \"\"\r\nGET k\r\n", "+OK\r\n$0\r\n\r\n"},
        {"mset a 1 k \"2 \" '' 3\r\nMGET k a '' \"k\"\n",
         "+OK\r\n*4\r\n$2\r\n2 \r\n$1\r\n1\r\n$1\r\n3\r\n$2\r\n2 \r\n"},
    };
    struct rig *rig = rig_start_store(2);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        wire_send_bytes(rig_client(rig), rows[i].sent, strlen(rows[i].sent));
        wire_expect(rig_client(rig), rows[i].replies);
    }
    rig_stop(&rig);
}

Test(requests, may_be_pipelined_by_the_ten_thousand)
{
    enum { COUNT = 10000 };
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 3, .with_store = true, .request_timeout = "30s"});
    struct bytes sent = {0};

    for (int i = 0; i < COUNT; i++) {
        bytes_print(&sent, "*3\r\n$3\r\nSET\r\n$8\r\nkey%05d\r\n$5\r\n%05d\r\n", i, i);
        bytes_print(&sent, "*2\r\n$3\r\nGET\r\n$8\r\nkey%05d\r\n", i);
    }
    cr_expect(wire_send_bytes(rig_client(rig), sent.at, sent.size));
    for (int i = 0; i < COUNT; i++) {
        cr_assert_str_eq(wire_text(rig_client(rig)), "OK");
        cr_assert_str_eq(wire_text(rig_client(rig)), rig_print(rig, "%05d", i));
    }
    bytes_clear(&sent);
    rig_stop(&rig);
}

static const char cut_requests[] = "*3\r\n$3\r\nSET\r\n$4\r\nk\r\n1\r\n$3\r\nabc\r\n"
                                   "*3\r\n$4\r\nMGET\r\n$4\r\nk\r\n1\r\n$1\r\na\r\n"
                                   "GET nothing\r\n*1\r\n$4\r\nPING\r\n";
static const char cut_replies[] = "+OK\r\n*2\r\n$3\r\nabc\r\n$-1\r\n$-1\r\n+PONG\r\n";

Test(requests, may_be_cut_at_any_byte)
{
    struct rig *rig = rig_start_store(2);

    for (size_t cut = 1; cut < sizeof cut_requests - 1; cut++) {
        wire_send_bytes(rig_client(rig), cut_requests, cut);
        wait_a_moment();
        wire_send_bytes(rig_client(rig), cut_requests + cut, sizeof cut_requests - 1 - cut);
        wire_expect(rig_client(rig), cut_replies);
    }
    wire_send_in_pieces(rig_client(rig), cut_requests);
    wire_expect(rig_client(rig), cut_replies);
    rig_stop(&rig);
}

Test(requests, are_binary_safe)
{
    static const char set[] = "*3\r\n$3\r\nSET\r\n$6\r\n\0\r\n\xff*1\r\n$8\r\n\r\n\0\0$-1\r\r\n";
    static const char get[] = "*2\r\n$3\r\nGET\r\n$6\r\n\0\r\n\xff*1\r\n";
    static const char value[] = "$8\r\n\r\n\0\0$-1\r\r\n";
    struct rig *rig = rig_start_store(3);
    size_t size = 0;

    wire_send_bytes(rig_client(rig), set, sizeof set - 1);
    wire_expect(rig_client(rig), "+OK\r\n");
    wire_send_bytes(rig_client(rig), get, sizeof get - 1);
    const char *reply = wire_reply(rig_client(rig), &size);
    cr_assert_eq(size, sizeof value - 1);
    cr_expect_eq(memcmp(reply, value, size), 0);
    rig_stop(&rig);
}

/* All that a server says to `sent` until it closes. */
static void collect(uint16_t port, struct span sent, struct bytes *said)
{
    struct wire *wire = wire_open(port);
    const char *reply = NULL;
    size_t size = 0;

    cr_assert_not_null(wire);
    bytes_room(said, 0);
    wire_send_bytes(wire, sent.at, sent.size);
    while ((reply = wire_reply(wire, &size)) != NULL) {
        bytes_add_escaped(said, (struct span){reply, size});
    }
    bytes_print(said, wire_is_closed(wire) ? "(closed)" : "(open)");
    wire_close(&wire);
}

static void expect_as_redis(struct rig *rig, uint16_t twin, struct span sent)
{
    struct bytes ours = {0};
    struct bytes theirs = {0};
    struct bytes shown = {0};

    collect(rig_port(rig), sent, &ours);
    collect(twin, sent, &theirs);
    bytes_add_escaped(&shown, (struct span){sent.at, size_min(sent.size, 60)});
    cr_expect_str_eq(ours.at, theirs.at, "to %s slotway says %s, Redis %s", shown.at, ours.at,
                     theirs.at);
    bytes_clear(&ours);
    bytes_clear(&theirs);
    bytes_clear(&shown);
}

Test(requests, that_are_none_get_the_errors_of_redis)
{
    static const char *const rows[] = {
        "*1\r\n+PING\r\n",
        "*1\r\nPING\r\n",
        "*abc\r\n",
        "*1x\r\n",
        "*99999999999\r\n",
        "*2147483648\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$-2\r\n",
        "*1\r\n$abc\r\n",
        "*1\r\n$ 4\r\n",
        "*1\r\n$536870913\r\n",
        "*1\r\n$99999999999999999999\r\n",
        "SET k \"a\r\n",
        "SET k \"a\"b\r\n",
        "SET k 'a\r\n",
        "PING\r\n*1\r\n:4\r\n",
        "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$x\r\n*1\r\n$4\r\nPING\r\n",
        "*2\r\n$4\r\nECHO\r\n\r\n",
    };
    struct rig *rig = rig_start(1);
    uint16_t twin = twin_start();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_as_redis(rig, twin, span_of(rows[i]));
    }
    twin_stop();
    rig_stop(&rig);
}

Test(requests, with_lines_without_end_get_the_errors_of_redis)
{
    static const char *const starts[] = {"", "*", "*1\r\n$", "*1\r\n"};
    enum { SIZE = 70 * 1024 };
    struct rig *rig = rig_start(1);
    uint16_t twin = twin_start();

    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        struct bytes sent = {0};
        bytes_print(&sent, "%s", starts[i]);
        memset(bytes_room(&sent, SIZE), '1', SIZE);
        bytes_added(&sent, SIZE);
        expect_as_redis(rig, twin, (struct span){sent.at, sent.size});
        bytes_clear(&sent);
    }
    twin_stop();
    rig_stop(&rig);
}

Test(requests, of_a_web_browser_close_the_connection)
{
    static const char *const rows[] = {
        "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n",
        "host: x\r\nSET k v\r\n",
        "*2\r\n$4\r\npost\r\n$1\r\n/\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
    };
    struct rig *rig = rig_start_store(1);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes said = {0};
        collect(rig_port(rig), span_of(rows[i]), &said);
        EXPECT_CONTAINS(said.at, "(closed)");
        bytes_clear(&said);
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 0);
    rig_stop(&rig);
}

Test(requests, may_carry_64_megabytes_both_ways)
{
    enum { SIZE = 64 * 1024 * 1024 };
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .with_store = true, .request_timeout = "60s"});
    char *value = malloc(SIZE);
    size_t size = 0;

    for (size_t i = 0; i < SIZE; i++) {
        value[i] = (char)(i * 2654435761u >> 13);
    }
    wire_send(rig_client(rig), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n", SIZE);
    cr_expect(wire_send_bytes(rig_client(rig), value, SIZE));
    wire_send(rig_client(rig), "\r\n");
    cr_assert_str_eq(wire_text(rig_client(rig)), "OK");
    wire_request(rig_client(rig), "GET", "k");
    const char *reply = wire_reply(rig_client(rig), &size);
    cr_assert_not_null(reply);
    cr_assert_eq(size, SIZE + strlen("$67108864\r\n\r\n"));
    cr_expect_eq(memcmp(reply + strlen("$67108864\r\n"), value, SIZE), 0);
    free(value);
    rig_stop(&rig);
}

Test(requests, that_announce_much_and_send_nothing_cost_nothing)
{
    struct rig *rig = rig_start_store(1);
    long before = process_resident_kb(rig_process(rig));

    for (int i = 0; i < 20; i++) {
        struct wire *wire = rig_connect(rig);
        wire_send(wire, i % 2 == 0 ? "*1000000\r\n" : "*2\r\n$3\r\nGET\r\n$536870912\r\nabc");
    }
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 21));
    cr_expect_lt(process_resident_kb(rig_process(rig)) - before, 50 * 1024);
    rig_stop(&rig);
}

Test(requests, without_end_are_read_only_as_fast_as_they_are_answered)
{
    enum { COUNT = 200000, SIZE = 1000 };
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .with_store = true, .request_timeout = "60s", .clients = "pending_bytes: 1mb"});
    char *request = malloc(SIZE + 64);

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    long before = process_resident_kb(rig_process(rig));
    fake_node_pause(rig_node(rig, 0));
    size_t size = (size_t)sprintf(request, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n", SIZE);
    memset(request + size, 'x', SIZE);
    size += (size_t)sprintf(request + size + SIZE, "\r\n") + SIZE;
    /* The kernel takes what slotway does not read, and then no more. */
    int sent = 0;
    while (sent < COUNT && wire_send_some(rig_client(rig), request, size) == size) {
        sent++;
    }
    cr_expect(WAIT_FOR(metric(rig, "downstream_paused_total") > 0));
    cr_expect_lt(process_resident_kb(rig_process(rig)) - before, 60 * 1024);
    cr_expect_lt(sent, COUNT);
    rig_disconnect(rig, &(struct wire *){rig_client(rig)});
    fake_node_resume(rig_node(rig, 0));
    struct wire *next = rig_connect(rig);
    cr_expect_str_eq(wire_ask(next, "SET", "k", "w"), "OK");
    free(request);
    rig_stop(&rig);
}
