/* MONITOR with several workers: whoever executes something, in whichever worker, all monitors are
 * shown it, as Redis would show it, and nobody waits for a slow one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"
#include "tests/support/twin.h"

TestSuite(monitor, .timeout = 180, .fini = rig_clean_up);

enum { CLIENTS = 6, MONITORS = 4, WORKERS = 3 };

static struct wire *connect_monitor(struct rig *rig)
{
    struct wire *wire = rig_connect(rig);

    cr_assert_str_eq(wire_ask(wire, "MONITOR"), "OK");
    return wire;
}

/* The next line without its time and address. */
static const char *next_line(struct wire *monitor)
{
    const char *text = wire_text(monitor);
    const char *at = strstr(text, "] ");

    cr_assert_not_null(at, "%s", text);
    return at + 2;
}

Test(monitor, shows_all_that_clients_of_all_workers_do_to_all_monitors)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 2, .workers = WORKERS, .with_store = true});
    struct wire *monitors[MONITORS];
    struct wire *clients[CLIENTS];

    for (int i = 0; i < MONITORS; i++) {
        monitors[i] = connect_monitor(rig);
    }
    cr_expect_eq(metric(rig, "monitors"), MONITORS);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(clients[i], "SET", rig_print(rig, "key-%d", i), "v"), "OK");
        for (int j = 0; j < MONITORS; j++) {
            cr_expect_str_eq(next_line(monitors[j]), rig_print(rig, "\"SET\" \"key-%d\" \"v\"", i));
        }
    }
    for (int j = 0; j < MONITORS; j++) {
        rig_disconnect(rig, &monitors[j]);
    }
    cr_expect(WAIT_FOR(metric(rig, "monitors") == 0));
    cr_expect_str_eq(wire_ask(clients[0], "GET", "key-5"), "v");
    rig_stop(&rig);
}

Test(monitor, is_a_line_in_resp3_too)
{
    struct rig *rig = rig_start_store(1);
    struct wire *monitor = rig_connect(rig);

    wire_request(monitor, "HELLO", "3");
    cr_assert_not_null(wire_reply(monitor, NULL));
    cr_assert_str_eq(wire_ask(monitor, "MONITOR"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "a"), "(nil)");
    cr_expect_eq(wire_reply(monitor, NULL)[0], '+');
    rig_stop(&rig);
}

/* What goes with one connection, on both sides, and then what is shown. */
static const char *const spoken[] = {
    "PING|ping x|ECHO x|SET k 1|get k|MGET k a b|DEL k|APPEND k 12",
    "NOSUCH a|GET|CLIENT LIST|SLOWLOG LEN|CONFIG GET x|LATENCY LATEST|CLIENT NOSUCH",
    "PING a b c|SELECT 0|SELECT 99|SELECT x|CLIENT SETNAME x|CLIENT GETNAME|CLIENT ID",
    "AUTH a b c d|HELLO 3 SETNAME x|HELLO 2|HELLO 9|COMMAND COUNT|TIME|ROLE",
    "MULTI|SET k 1|GET k|PING|DISCARD|MULTI|SET k 1|NOSUCH|EXEC|EXEC|DISCARD|MULTI|MULTI|EXEC",
    "MULTI|SET k 1|GET k|PING|EXEC|PING",
    "CLIENT REPLY SKIP|PING|CLIENT REPLY OFF|PING|CLIENT REPLY ON|RESET|PING",
};

/* All lines up to that of ECHO end, with "|" between; the caller frees it. */
static char *all_lines(struct wire *monitor)
{
    struct bytes text = {0};

    for (;;) {
        const char *line = next_line(monitor);

        if (strcmp(line, "\"ECHO\" \"end\"") == 0) {
            return text.at == NULL ? strdup("") : text.at;
        }
        bytes_print(&text, "|%s", line);
    }
}

static char *all_shown(struct wire *monitor, struct wire *wire, const char *lines)
{
    wire_send_lines(wire, lines);
    wire_send_lines(wire, "ECHO end");
    return all_lines(monitor);
}

Test(monitor, shows_what_redis_shows)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .workers = 2, .with_store = true});
    uint16_t twin_port = twin_start();
    struct wire *here = connect_monitor(rig);
    struct wire *there = wire_open(twin_port);

    cr_assert_not_null(there);
    cr_assert_str_eq(wire_ask(there, "MONITOR"), "OK");
    for (size_t i = 0; i < ARRAY_LEN(spoken); i++) {
        struct wire *wire = rig_connect(rig);
        struct wire *twin = wire_open(twin_port);

        char *ours = all_shown(here, wire, spoken[i]);
        if (strstr(spoken[i], "AUTH") != NULL) {
            /* Redis shows passwords that it has no use for. */
            EXPECT_CONTAINS(ours, "\"AUTH\" \"(redacted)\"");
        }
        char *redis = all_shown(there, twin, spoken[i]);
        const char *skip = strstr(spoken[i], "AUTH") != NULL ? "\"HELLO\"" : "";
        cr_expect_str_eq(strstr(ours, skip), strstr(redis, skip), "%s: %s, Redis %s", spoken[i],
                         ours, redis);
        free(ours);
        free(redis);
        wire_close(&twin);
        rig_disconnect(rig, &wire);
    }
    wire_close(&there);
    twin_stop();
    rig_stop(&rig);
}

/* What a monitor itself may say; each is sent when the last was answered. */
static const char *const said_by_monitor[] = {
    "PING",        "ECHO x",           "GET a",          "SET a 1", "DBSIZE",
    "PUBLISH a b", "EVAL x 0",         "MULTI",          "PING",    "GET a",
    "EXEC",        "CLIENT SETNAME q", "NOSUCH",         "GET",     "FLUSHALL",
    "SELECT 0",    "PFCOUNT a",        "CLIENT GETNAME", "RESET",
};

/* Two replies to what is executed, the answer and the line, one to what is refused. */
static void expect_as_redis(struct wire *wire, struct wire *twin, const char *line)
{
    wire_send_lines(wire, line);
    wire_send_lines(twin, line);
    char *answer = strdup(wire_text(wire));
    const char *redis = wire_text(twin);
    bool is_shown = redis[0] != '-' && strcmp(redis, "QUEUED") != 0 && strcmp(redis, "RESET") != 0;

    cr_expect_str_eq(answer, redis, "%s: %s, Redis %s", line, answer, redis);
    if (is_shown || strcmp(line, "EXEC") == 0) {
        char *ours = strdup(next_line(wire));

        cr_expect_str_eq(ours, next_line(twin), "%s", line);
        free(ours);
    }
    free(answer);
}

Test(monitor, may_say_what_redis_lets_it_say)
{
    struct rig *rig = rig_start_store(1);
    uint16_t twin_port = twin_start();
    struct wire *wire = connect_monitor(rig);
    struct wire *twin = wire_open(twin_port);

    cr_assert_not_null(twin);
    cr_assert_str_eq(wire_ask(twin, "MONITOR"), "OK");
    for (size_t i = 0; i < ARRAY_LEN(said_by_monitor); i++) {
        expect_as_redis(wire, twin, said_by_monitor[i]);
    }
    cr_expect_not(wire_has_input(wire));
    wire_close(&twin);
    twin_stop();
    rig_stop(&rig);
}

/* Numbered requests of many clients at once, while other monitors come and go. */
enum { NUMBERS = 2000, ROUND = 100 };

static void send_round(struct wire *wire, int client, int first)
{
    struct bytes sent = {0};

    for (int i = first; i < first + ROUND; i++) {
        bytes_print(&sent, "SET key-%d %d\r\n", client, i);
    }
    cr_assert(wire_send_bytes(wire, sent.at, sent.size));
    bytes_clear(&sent);
}

static void hear_round(struct wire *monitor, int next[CLIENTS])
{
    for (int i = 0; i < CLIENTS * ROUND; i++) {
        const char *line = next_line(monitor);
        int client;
        int number;

        cr_assert_eq(sscanf(line, "\"SET\" \"key-%d\" \"%d\"", &client, &number), 2, "%s", line);
        cr_assert_eq(number, next[client], "client %d", client);
        next[client]++;
    }
}

Test(monitor, shows_each_request_once_and_those_of_a_client_in_their_order)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 2, .workers = WORKERS, .with_store = true});
    struct wire *clients[CLIENTS];
    struct wire *monitor = connect_monitor(rig);
    int next[CLIENTS] = {0};

    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = rig_connect(rig);
    }
    for (int first = 0; first < NUMBERS; first += ROUND) {
        for (int i = 0; i < CLIENTS; i++) {
            send_round(clients[i], i, first);
        }
        struct wire *other = connect_monitor(rig);
        hear_round(monitor, next);
        rig_disconnect(rig, &other);
        for (int i = 0; i < CLIENTS * ROUND; i++) {
            cr_assert_str_eq(wire_text(clients[i % CLIENTS]), "OK");
        }
    }
    rig_stop(&rig);
}

Test(monitor, a_slow_one_is_cut_off_and_nobody_waits_for_it)
{
    enum { SIZE = 64 * 1024, COUNT = 400 };
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1,
                             .workers = 2,
                             .with_store = true,
                             .clients = "pubsub_output_bytes: 4mb, pubsub_output_soft_bytes: 0"});
    struct wire *slow = connect_monitor(rig);
    struct wire *fast = connect_monitor(rig);
    static char value[SIZE + 1];

    memset(value, 'x', SIZE);
    wire_shrink_receive_buffer(slow);
    for (int i = 0; i < COUNT; i++) {
        size_t size = 0;

        cr_assert_str_eq(ask(rig, "SET", "k", value), "OK");
        cr_assert_not_null(wire_reply(fast, &size), "line %d", i);
        cr_assert_gt(size, SIZE);
    }
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "slow_monitor") == 1));
    cr_expect(rig_has_written(rig, "client holds too much") ||
              rig_has_written(rig, "a monitor does not keep up"));
    cr_expect_eq(metric(rig, "monitors"), 1);
    cr_expect_str_eq(wire_ask(fast, "PING"), "PONG");
    rig_stop(&rig);
}

Test(monitor, is_not_idle)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .clients = "idle: 1s"});
    struct wire *idle = rig_connect(rig);
    struct wire *monitor = connect_monitor(rig);

    cr_expect_str_eq(wire_ask(idle, "PING"), "PONG");
    EXPECT_CONTAINS(wire_text(monitor), "PING");
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "idle") == 1));
    cr_expect(wire_is_closed(idle));
    cr_expect_str_eq(wire_ask(monitor, "PING"), "PONG");
    rig_stop(&rig);
}

/* Earlier requests are answered first: with a node that does not answer, MONITOR waits. */
Test(monitor, begins_behind_all_that_its_client_has_asked_before)
{
    struct rig *rig = rig_start(1);
    struct wire *wire = rig_connect(rig);

    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));
    wire_send_lines(wire, "GET k|MONITOR|PING");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_str_eq(ask(rig, "ECHO", "early"), "early");
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(wire), "v");
    cr_expect_str_eq(wire_text(wire), "OK");
    cr_expect_str_eq(wire_text(wire), "PONG");
    cr_expect_str_eq(next_line(wire), "\"PING\"");
    rig_stop(&rig);
}

Test(monitor, shows_no_passwords)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .clients = "password: word"});
    struct wire *monitor = rig_connect(rig);
    struct wire *wire = rig_connect(rig);

    EXPECT_STARTS(wire_ask(monitor, "MONITOR"), "-NOAUTH ");
    cr_expect_str_eq(wire_ask(monitor, "AUTH", "word"), "OK");
    cr_expect_str_eq(wire_ask(monitor, "MONITOR"), "OK");
    EXPECT_STARTS(wire_ask(wire, "PING"), "-NOAUTH ");
    cr_expect_str_eq(wire_ask(wire, "AUTH", "default", "word"), "OK");
    cr_expect_str_eq(next_line(monitor), "\"AUTH\" \"(redacted)\" \"(redacted)\"");
    wire_request(wire, "HELLO", "2", "AUTH", "default", "word");
    cr_expect_not_null(wire_reply(wire, NULL));
    cr_expect_str_eq(next_line(monitor), "\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\"");
    rig_stop(&rig);
}

Test(monitor, shows_each_pool_its_own_clients_only)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .other_nodes = 1, .workers = 2, .with_store = true});
    struct wire *monitor = connect_monitor(rig);
    struct wire *other = wire_open(rig_other_port(rig));

    cr_assert_not_null(other);
    cr_expect_str_eq(wire_ask(other, "ECHO", "elsewhere"), "elsewhere");
    cr_expect_str_eq(ask(rig, "ECHO", "here"), "here");
    cr_expect_str_eq(next_line(monitor), "\"ECHO\" \"here\"");
    wire_close(&other);
    rig_stop(&rig);
}
