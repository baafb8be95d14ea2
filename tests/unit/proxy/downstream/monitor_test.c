/* MONITOR over two workers: who is shown what, and what becomes of one that does not keep up. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/proxy/command/words.h"
#include "tests/unit/proxy/downstream/local_rig.h"

static struct local_rig *rig;
static int here;  /* on worker 0 */
static int there; /* on worker 1 */

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    here = local_rig_connect(rig, 0);
    there = local_rig_connect(rig, 1);
}

static void close_rig(void)
{
    close(here);
    close(there);
    local_rig_close(&rig);
}

TestSuite(monitor, .init = open_rig, .fini = close_rig, .timeout = 60);

static void expect(int fd, const char *line, const char *reply)
{
    const char *heard = local_rig_ask(rig, fd, line);

    cr_expect_str_eq(heard, reply, "%s: %s", line, heard);
}

/* The next line that is shown, without its time and address. */
static const char *next_line(int fd)
{
    const char *line = local_rig_hear(rig, fd);
    const char *at = strstr(line, "] ");

    cr_assert(line[0] == '+' && at != NULL, "%s", line);
    return at + 2;
}

static void expect_line(int fd, const char *line)
{
    const char *heard = next_line(fd);

    cr_expect_str_eq(heard, line, "%s is not %s", heard, line);
}

static bool hears_nothing(int fd)
{
    char byte;

    local_rig_turn(rig);
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

static const struct monitor *monitor_of(size_t worker)
{
    return &rig->workers[worker].clients.monitor;
}

static struct client *client_of(size_t worker)
{
    return container_of(list_first(&rig->workers[worker].clients.open), struct client, in_clients);
}

static uint64_t closed_as_slow(size_t worker)
{
    return atomic_load(&rig->workers[worker].metrics.downstream_closed[CLOSE_SLOW_MONITOR]);
}

Test(monitor, shows_what_clients_of_all_workers_execute)
{
    int watching[] = {local_rig_connect(rig, 0), local_rig_connect(rig, 1)};

    expect(watching[0], "MONITOR", "+OK\r\n");
    expect(watching[1], "MONITOR", "+OK\r\n");
    expect(here, "PING 1", "$1\r\n1\r\n");
    for (int i = 0; i < 2; i++) {
        expect_line(watching[i], "\"PING\" \"1\"\r\n");
    }
    expect(there, "echo 2", "$1\r\n2\r\n");
    for (int i = 0; i < 2; i++) {
        expect_line(watching[i], "\"echo\" \"2\"\r\n");
        close(watching[i]);
    }
}

Test(monitor, tells_when_and_by_whom)
{
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    char expected[64];
    char word[64];
    double at;

    expect(there, "MONITOR", "+OK\r\n");
    expect(here, "PING", "+PONG\r\n");
    cr_assert_eq(getsockname(here, (struct sockaddr *)&name, &size), 0);
    const char *line = local_rig_hear(rig, there);
    snprintf(expected, sizeof expected, "127.0.0.1:%d]", ntohs(name.sin_port));
    cr_assert_eq(sscanf(line, "+%lf [0 %63s \"PING\"", &at, word), 2, "%s", line);
    cr_expect_str_eq(word, expected);
    cr_expect_gt(at, 1.6e9);
    cr_expect_eq(strchr(line, ' ') - strchr(line, '.'), 7, "microseconds have six digits");
}

/* Its cluster is not known: nobody answers, and it is on its way all the same. */
Test(monitor, shows_what_goes_to_nodes)
{
    expect(there, "MONITOR", "+OK\r\n");
    local_rig_say(here, "SET a 1");
    expect_line(there, "\"SET\" \"a\" \"1\"\r\n");
    local_rig_say(here, "MGET a b c");
    expect_line(there, "\"MGET\" \"a\" \"b\" \"c\"\r\n");
    local_rig_say(here, "BLPOP a 1");
    cr_expect(hears_nothing(there), "its time has not come");
}

Test(monitor, does_not_show_what_was_refused_or_is_administration)
{
    static const char *const rows[] = {
        "NOSUCH a",       "GET",          "RENAME a b",       "SAVE",          "CLIENT LIST",
        "CLIENT NO-SUCH", "CLUSTER MEET", "SSUBSCRIBE a b",   "CLIENT KILL x", "SLOWLOG LEN",
        "MOVE a 1",       "WATCH a b",    "CONFIG SET a 1 b",
    };

    expect(there, "MONITOR", "+OK\r\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *reply = local_rig_ask(rig, here, rows[i]);

        cr_expect(reply[0] != '\0');
        local_rig_ask(rig, here, "PING");
        const char *line = next_line(there);
        cr_expect_str_eq(line, "\"PING\"\r\n", "%s: %s", rows[i], line);
    }
}

/* An error of a server is an answer: the command was executed. */
Test(monitor, shows_what_was_answered_with_an_error)
{
    static const struct {
        const char *words;
        const char *line;
    } rows[] = {
        {"PING a b c", "\"PING\" \"a\" \"b\" \"c\"\r\n"},
        {"SELECT x", "\"SELECT\" \"x\"\r\n"},
        {"HELLO 9", "\"HELLO\" \"9\"\r\n"},
        {"AUTH word", "\"AUTH\" \"(redacted)\"\r\n"},
        {"AUTH a b c d",
         "\"AUTH\" \"(redacted)\" \"(redacted)\" \"(redacted)\" \"(redacted)\"\r\n"},
        {"EXEC", "\"EXEC\"\r\n"},
        {"DISCARD", "\"DISCARD\"\r\n"},
    };

    expect(there, "MONITOR", "+OK\r\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(local_rig_ask(rig, here, rows[i].words)[0], '-', "%s", rows[i].words);
        expect_line(there, rows[i].line);
    }
}

/* As with Redis, when it is executed, and not before. */
Test(monitor, shows_a_transaction_when_it_is_executed)
{
    expect(there, "MONITOR", "+OK\r\n");
    expect(here, "MULTI", "+OK\r\n");
    expect_line(there, "\"MULTI\"\r\n");
    expect(here, "set a 1", "+QUEUED\r\n");
    expect(here, "PING", "+QUEUED\r\n");
    cr_expect(hears_nothing(there));
    local_rig_say(here, "EXEC");
    expect_line(there, "\"set\" \"a\" \"1\"\r\n");
    expect_line(there, "\"PING\"\r\n");
    expect_line(there, "\"EXEC\"\r\n");
}

Test(monitor, does_not_show_what_a_transaction_did_not_execute)
{
    expect(there, "MONITOR", "+OK\r\n");
    expect(here, "MULTI", "+OK\r\n");
    expect(here, "SET a 1", "+QUEUED\r\n");
    expect(here, "DISCARD", "+OK\r\n");
    expect(here, "MULTI", "+OK\r\n");
    expect(here, "SET a 1", "+QUEUED\r\n");
    cr_expect_eq(local_rig_ask(rig, here, "NOSUCH")[0], '-');
    cr_expect_eq(local_rig_ask(rig, here, "EXEC")[0], '-');
    expect_line(there, "\"MULTI\"\r\n");
    expect_line(there, "\"DISCARD\"\r\n");
    expect_line(there, "\"MULTI\"\r\n");
    expect_line(there, "\"EXEC\"\r\n");
    cr_expect(hears_nothing(there));
}

Test(monitor, is_itself_shown_behind_its_replies)
{
    expect(here, "MONITOR", "+OK\r\n");
    expect(here, "PING", "+PONG\r\n");
    expect_line(here, "\"PING\"\r\n");
    expect(here, "ECHO 1", "$1\r\n1\r\n");
    expect_line(here, "\"ECHO\" \"1\"\r\n");
}

Test(monitor, may_not_touch_keys)
{
    static const char *const rows[] = {
        "GET a",     "SET a 1",  "DBSIZE",   "KEYS *",    "PUBLISH a b", "EVAL x 0",
        "FCALL f 0", "MGET a b", "FLUSHALL", "PFCOUNT a", "SCAN 0",      "EVAL_RO x 0",
    };

    expect(here, "MONITOR", "+OK\r\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect(here, rows[i], "-ERR Replica can't interact with the keyspace\r\n");
    }
    expect(here, "MULTI", "+OK\r\n");
    expect_line(here, "\"MULTI\"\r\n");
    expect(here, "GET a", "-ERR Replica can't interact with the keyspace\r\n");
    expect(here, "EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

Test(monitor, is_listed_as_one)
{
    expect(here, "MONITOR", "+OK\r\n");
    cr_expect_not_null(strstr(local_rig_ask(rig, there, "CLIENT LIST TYPE normal"), " flags=O "));
    cr_expect_not_null(strstr(local_rig_ask(rig, here, "CLIENT INFO"), " flags=O "));
}

Test(monitor, the_second_monitor_has_no_reply)
{
    expect(here, "MONITOR", "+OK\r\n");
    local_rig_say(here, "MONITOR");
    expect(here, "ECHO x", "$1\r\nx\r\n");
    expect_line(here, "\"ECHO\" \"x\"\r\n");
    cr_expect_eq(atomic_load(&monitor_of(0)->count), 1);
}

Test(monitor, cannot_be_queued)
{
    expect(here, "MULTI", "+OK\r\n");
    expect(here, "MONITOR", "-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n");
    expect(here, "EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n");
    cr_expect_not_null(strstr(local_rig_ask(rig, here, "CLIENT INFO"), " flags=N "));
}

Test(monitor, ends_with_reset)
{
    expect(here, "MONITOR", "+OK\r\n");
    expect(here, "RESET", "+RESET\r\n");
    expect(there, "PING", "+PONG\r\n");
    cr_expect(hears_nothing(here));
    cr_expect_not_null(strstr(local_rig_ask(rig, here, "CLIENT INFO"), " flags=N "));
}

Test(monitor, nobody_composes_lines_once_the_last_monitor_has_left)
{
    expect(here, "MONITOR", "+OK\r\n");
    cr_expect(monitor_of(0)->is_on && monitor_of(1)->is_on);
    expect(here, "RESET", "+RESET\r\n");
    expect(there, "PING", "+PONG\r\n");
    expect(here, "PING", "+PONG\r\n");
    local_rig_turn(rig);
    for (size_t i = 0; i < RIG_WORKERS; i++) {
        cr_expect_not(monitor_of(i)->is_on, "%zu", i);
        cr_expect_null(monitor_of(i)->lines.bytes, "%zu", i);
        cr_expect_eq(atomic_load(&monitor_of(i)->count), 0, "%zu", i);
    }
    expect(there, "MONITOR", "+OK\r\n");
    expect(here, "PING", "+PONG\r\n");
    expect_line(there, "\"PING\"\r\n");
}

/* Before the other worker has answered. */
Test(monitor, who_leaves_before_its_answer_leaves_nothing)
{
    local_rig_say(here, "MONITOR");
    ev_run(rig->reactor->loop, EVRUN_NOWAIT);
    clients_close_all(&rig->workers[0].clients, CLOSE_KILLED);
    local_rig_turn(rig);
    cr_expect_eq(atomic_load(&monitor_of(0)->count), 0);
    expect(there, "PING", "+PONG\r\n");
    local_rig_turn(rig);
    cr_expect_not(monitor_of(1)->is_on);
}

Test(monitor, gets_nothing_while_it_wants_no_replies)
{
    expect(here, "MONITOR", "+OK\r\n");
    local_rig_say(here, "CLIENT REPLY OFF");
    local_rig_turn(rig);
    expect(there, "PING", "+PONG\r\n");
    cr_expect(hears_nothing(here));
    expect(here, "CLIENT REPLY ON", "+OK\r\n");
    expect_line(here, "\"CLIENT\" \"REPLY\" \"ON\"\r\n");
}

Test(monitor, is_not_held_by_a_pause)
{
    expect(here, "MONITOR", "+OK\r\n");
    expect(there, "CLIENT PAUSE 60000", "+OK\r\n");
    local_rig_turn(rig);
    expect(here, "PING", "+PONG\r\n");
}

/* Requests of `size` bytes of `worker`'s first client, without a turn of the loop between them. */
static void note(size_t worker, size_t size, int count)
{
    char *value = malloc(size);
    struct words words;

    memset(value, 'x', size);
    words_init(&words, "SET k v");
    words.items[2] = (struct span){value, size};
    for (int i = 0; i < count; i++) {
        monitor_note(client_of(worker), command_by_name(SPAN("set")), &words.arguments);
    }
    free(value);
}

static void read_to_the_end(int fd)
{
    static char bytes[64 * 1024];

    for (int i = 0; i < 100000; i++) {
        if (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) == 0) {
            return;
        }
        local_rig_turn(rig);
    }
    cr_assert_fail("it has no end");
}

static uint64_t shown_bytes(size_t worker)
{
    return atomic_load(&rig->workers[worker].metrics.monitor_bytes_total);
}

Test(monitor, large_lines_do_not_wait_for_the_end_of_the_turn)
{
    enum { SIZE = 64 * 1024, COUNT = 6 };

    expect(here, "MONITOR", "+OK\r\n");
    note(0, SIZE, COUNT);
    cr_expect_gt(shown_bytes(0), (COUNT - 2) * SIZE);
    for (int i = 0; i < COUNT; i++) {
        cr_expect_gt(strlen(next_line(here)), SIZE);
    }
}

Test(monitor, one_that_leaves_too_much_unread_is_closed)
{
    enum { SIZE = 64 * 1024 };
    int slow = local_rig_connect(rig, 1);

    rig->config->pools[0].pubsub_output_bytes = 1024 * 1024;
    expect(slow, "MONITOR", "+OK\r\n");
    for (int i = 0; i < 1000 && closed_as_slow(1) == 0; i++) {
        note(0, SIZE, 4);
        local_rig_turn(rig);
    }
    cr_expect_eq(closed_as_slow(1), 1);
    expect(there, "PING", "+PONG\r\n");
    close(slow);
}

/* However much comes within a turn, it gets no more than its limit and one text. What it gets may
 * be with the kernel at once: it is closed all the same, as it has missed something. */
Test(monitor, one_at_its_limit_gets_no_more)
{
    enum { SIZE = 64 * 1024, LIMIT = 1024 * 1024 };

    rig->config->pools[0].pubsub_output_bytes = LIMIT;
    expect(here, "MONITOR", "+OK\r\n");
    note(0, SIZE, 100);
    cr_expect_gt(client_of(0)->output.size, LIMIT);
    cr_expect_lt(client_of(0)->output.size, 2 * LIMIT);
    read_to_the_end(here);
    close(here);
    here = local_rig_connect(rig, 0);
    for (int i = 0; i < 1000 && closed_as_slow(0) == 0; i++) {
        local_rig_turn(rig);
    }
    cr_expect_eq(closed_as_slow(0), 1);
}

/* Worker 1 does not turn. */
Test(monitor, those_of_a_worker_that_does_not_keep_up_are_closed)
{
    enum { SIZE = 64 * 1024, ENOUGH = 2 * MONITOR_TRANSIT_MAX / SIZE };
    int other = local_rig_connect(rig, 0);

    rig->config->pools[0].pubsub_output_bytes = 64 * MONITOR_TRANSIT_MAX;
    expect(there, "MONITOR", "+OK\r\n");
    expect(other, "MONITOR", "+OK\r\n");
    note(0, SIZE, ENOUGH);
    cr_expect_leq(atomic_load(&monitor_of(1)->in_transit), MONITOR_TRANSIT_MAX);
    cr_expect_gt(atomic_load(&monitor_of(1)->in_transit), MONITOR_TRANSIT_MAX / 2);
    local_rig_turn(rig);
    cr_expect_eq(closed_as_slow(1), 1);
    cr_expect_eq(closed_as_slow(0), 0);
    cr_expect_eq(atomic_load(&monitor_of(1)->in_transit), 0);
    close(there);
    there = local_rig_connect(rig, 1);
    expect(there, "MONITOR", "+OK\r\n");
    note(0, 1, 1);
    expect_line(there, "\"SET\" \"k\" \"x\"\r\n");
    close(other);
}
