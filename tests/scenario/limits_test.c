/* What a client or a crowd of them may take of slotway's memory and descriptors. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(limits, .timeout = 180, .fini = rig_clean_up);

/* Sanitizers keep what is freed, so memory of the process tells nothing. */
static bool memory_tells(void)
{
    return !rig_binary_is_sanitized();
}

enum { MEGABYTE = 1024 * 1024 };

/* "VmHWM:  1234 kB" of /proc/PID/status. */
static long status_kb(struct rig *rig, const char *name)
{
    char path[64];
    char line[256];
    long kb = -1;

    snprintf(path, sizeof path, "/proc/%d/status", (int)rig_process(rig)->pid);
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kb = strtol(line + strlen(name) + 1, NULL, 10);
        }
    }
    fclose(file);
    cr_assert_gt(kb, 0);
    return kb;
}

static void set_value(struct rig *rig, const char *key, size_t size)
{
    char *part = malloc(MEGABYTE);

    memset(part, 'x', MEGABYTE);
    wire_send(rig_client(rig), "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(key), key, size);
    for (size_t sent = 0; sent < size; sent += size_min(size - sent, MEGABYTE)) {
        cr_assert(wire_send_bytes(rig_client(rig), part, size_min(size - sent, MEGABYTE)));
    }
    wire_send(rig_client(rig), "\r\n");
    cr_assert_str_eq(wire_text(rig_client(rig)), "OK");
    free(part);
}

Test(limits, a_large_value_takes_one_copy_both_ways_and_its_memory_comes_back)
{
    static const size_t size = (size_t)128 * MEGABYTE;
    static const long most_kb = 128 * 1024 * 13 / 10 + 48 * 1024;
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .request_timeout = "60s"});
    struct wire *reader = rig_connect(rig);
    size_t received = 0;

    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    long before = status_kb(rig, "VmRSS:");
    set_value(rig, "k", size);
    if (memory_tells()) {
        cr_expect_lt(status_kb(rig, "VmHWM:"), before + most_kb);
        cr_expect(WAIT_FOR(status_kb(rig, "VmRSS:") < before + 32 * 1024));
    }
    wire_request(reader, "GET", "k");
    cr_assert_not_null(wire_reply(reader, &received));
    cr_expect_eq(received, size + strlen("$134217728\r\n\r\n"));
    rig_disconnect(rig, &reader);
    if (memory_tells()) {
        cr_expect_lt(status_kb(rig, "VmHWM:"), before + most_kb);
        cr_expect(WAIT_FOR(status_kb(rig, "VmRSS:") < before + 32 * 1024));
    }
    rig_stop(&rig);
}

Test(limits, a_million_questions_of_one_who_never_reads_take_no_memory)
{
    enum { COUNT = 1000000, BATCH = 1000 };
    static const char *const questions[] = {"*1\r\n$4\r\nPING\r\n",
                                            "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"};

    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        struct rig *rig = rig_start_with(
            (struct rig_options){.nodes = 1, .with_store = true, .clients = "pending_bytes: 64kb"});
        struct wire *wire = rig_connect(rig);
        struct bytes batch = {0};
        size_t at = 0;

        for (int j = 0; j < BATCH; j++) {
            bytes_print(&batch, "%s", questions[i]);
        }
        set_value(rig, "k", 1000);
        wire_shrink_receive_buffer(wire);
        long before = status_kb(rig, "VmRSS:");
        for (int j = 0; j < COUNT / BATCH && metric(rig, "downstream_paused_total") == 0;) {
            at += wire_send_some(wire, batch.at + at, batch.size - at);
            j += at == batch.size;
            at = at == batch.size ? 0 : at;
        }
        cr_expect(WAIT_FOR(metric(rig, "downstream_paused_total") > 0));
        cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
        if (memory_tells()) {
            cr_expect_lt(status_kb(rig, "VmHWM:"), before + 40 * 1024);
        }
        bytes_clear(&batch);
        rig_stop(&rig);
    }
}

Test(limits, large_values_are_not_asked_for_by_the_thousand)
{
    enum { COUNT = 1000, VALUE = 2 * MEGABYTE };
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .request_timeout = "60s"});
    size_t size = 0;

    set_value(rig, "k", VALUE);
    wire_request(rig_client(rig), "GET", "k");
    cr_assert_not_null(wire_reply(rig_client(rig), &size));
    struct wire *slow = rig_connect(rig);
    wire_shrink_receive_buffer(slow);
    for (int i = 0; i < COUNT; i++) {
        wire_request(slow, "GET", "k");
    }
    cr_expect(WAIT_FOR(metric(rig, "downstream_paused_total") > 0));
    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    cr_expect_leq(fake_node_count(rig_node(rig, 0), "GET k"), 16);
    rig_stop(&rig);
}

Test(limits, over_the_soft_limit_for_too_long_a_client_is_disconnected)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1,
        .with_store = true,
        .request_timeout = "20s",
        .clients = "output_soft_bytes: 1mb, output_soft_time: 8s",
    });
    struct wire *slow = rig_connect(rig);
    struct wire *reader = rig_connect(rig);
    size_t size = 0;

    set_value(rig, "k", 16 * MEGABYTE);
    wire_shrink_receive_buffer(slow);
    cr_expect_str_eq(wire_ask(slow, "CLIENT", "SETNAME", "sleepy"), "OK");
    wire_request(slow, "GET", "k");
    wire_request(reader, "GET", "k");
    cr_expect_not_null(wire_reply(reader, &size));
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "output_limit") == 1));
    cr_expect(rig_has_written(rig, "name=sleepy"));
    cr_expect_str_eq(wire_ask(reader, "PING"), "PONG");
    rig_stop(&rig);
}

Test(limits, parts_of_a_fan_out_count_before_all_of_them_are_there)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .with_store = true, .request_timeout = "60s", .clients = "output_bytes: 4mb"});
    struct wire *client = rig_connect(rig);

    set_value(rig, "k", 6 * MEGABYTE);
    cr_expect_str_eq(wire_ask(client, "SET", "a", "1"), "OK");
    fake_node_pause(rig_node(rig, 1));
    wire_request(client, "MGET", "a", "k");
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "output_limit") == 1));
    fake_node_resume(rig_node(rig, 1));
    rig_stop(&rig);
}

Test(limits, a_request_whose_rest_does_not_come_ends_its_client)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .clients = "request_time: 100ms"});
    struct wire *slow = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    wire_send(slow, "*2\r\n$4\r\nECHO\r\n$5\r\nhel");
    cr_expect(wire_is_closed(slow));
    cr_expect_eq(rig_metric(rig, "downstream_closed_total", "request_time"), 1);
    cr_expect_str_eq(ask(rig, "PING"), "PONG", "who says nothing is not slow");
    rig_stop(&rig);
}

/* Who dawdles shows that all were looked at: twice, as one may come between two of them. */
Test(limits, what_waits_behind_a_client_that_blocks_is_not_slow)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .clients = "request_time: 100ms"});
    struct wire *blocks = rig_connect(rig);

    script(rig, 0, WANT("BLPOP", "k", "0"), STALL, SAY("*2\r\n$1\r\nk\r\n$1\r\nx\r\n"));
    wire_send_requests(blocks, "BLPOP k 0|PING");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    for (int i = 0; i < 2; i++) {
        struct wire *slow = rig_connect(rig);

        wire_send(slow, "*2\r\n$4\r\nECHO\r\n$5\r\nhel");
        cr_expect(wire_is_closed(slow));
    }
    fake_node_release(rig_node(rig, 0));
    wire_expect(blocks, "*2\r\n$1\r\nk\r\n$1\r\nx\r\n+PONG\r\n");
    rig_stop(&rig);
}

Test(limits, one_who_sends_something_is_not_idle)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .clients = "idle: 3s"});
    struct wire *idle = rig_connect(rig);
    struct wire *slow = rig_connect(rig);

    wire_send(slow, "*2\r\n$4\r\nECHO\r\n$100000\r\n");
    cr_expect(WAIT_FOR(wire_send_bytes(slow, "x", 1) &&
                       rig_metric(rig, "downstream_closed_total", "\"idle\"") > 0));
    cr_expect(wire_is_closed(idle));
    cr_expect(!wire_has_input(slow));
    cr_expect_eq(metric(rig, "downstream_connections_active"), 1);
    rig_stop(&rig);
}

/* A node owes the rest of a long reply, then breaks, and is asked again; nobody else holds much. */
Test(limits, without_memory_new_requests_are_refused_until_there_is_some_again)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "60s", .global = "memory: {limit: 4mb}\n"});
    struct wire *large = rig_connect(rig);

    script(rig, 0, WANT("MGET", "{k}a", "{k}b"), SAY("*2\r\n$16777216\r\n%*s", 12 * MEGABYTE, ""),
           STALL, CLOSE, WANT("MGET", "{k}a", "{k}b"), SAY("*2\r\n$-1\r\n$-1\r\n"),
           WANT("GET", "k"), SAY("$1\r\nv\r\n"));
    wire_request(large, "MGET", "{k}a", "{k}b");
    cr_expect(WAIT_FOR(metric(rig, "buffered_bytes") >= 12 * MEGABYTE));
    cr_expect_eq(metric(rig, "memory_level"), 2);
    cr_expect_str_eq(ask(rig, "GET", "k"),
                     "-ERR proxy: overloaded: memory for requests and replies is used up");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect_eq(rig_metric(rig, "error_replies_total", "no_memory"), 1);
    fake_node_release(rig_node(rig, 0));
    wire_expect(large, "*2\r\n$-1\r\n$-1\r\n");
    cr_expect(WAIT_FOR(metric(rig, "memory_level") == 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect(rig_has_written(rig, "memory is spent") && rig_has_written(rig, "memory is free"));
    rig_stop(&rig);
}

enum { QUEUES = 20, QUEUED = 1000 };

#define FIVE_INCR "INCR k\r\nINCR k\r\nINCR k\r\nINCR k\r\nINCR k\r\n"

static void answer_nothing(void *context UNUSED, const struct fake_command *command UNUSED,
                           struct bytes *answer UNUSED)
{
}

/* Node 0 serves "k" and answers, node 1 serves "a" and does not. Small ones take more than they and
 * their replies are long. */
Test(limits, requests_that_wait_for_one_before_them_count_themselves)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "60s"});

    fake_node_handle(rig_node(rig, 0), fake_always, (void *)":1");
    fake_node_handle(rig_node(rig, 1), answer_nothing, NULL);
    for (int i = 0; i < QUEUES; i++) {
        struct wire *wire = rig_connect(rig);

        wire_request(wire, "INCR", "a");
        for (int j = 0; j < QUEUED / 10; j++) {
            wire_send(wire, "%s%s", FIVE_INCR, FIVE_INCR);
        }
    }
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "INCR k") == QUEUES * QUEUED));
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 1), "INCR a") == QUEUES));
    cr_expect(WAIT_FOR(metric(rig, "buffered_bytes") > 256 * QUEUES * QUEUED));
    fake_node_drop_connections(rig_node(rig, 1));
    cr_expect(WAIT_FOR(metric(rig, "buffered_bytes") < MEGABYTE));
    rig_stop(&rig);
}

Test(limits, without_memory_the_largest_holders_go_first)
{
    enum { READERS = 12 };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .with_store = true,
                                                          .request_timeout = "60s",
                                                          .backend = "silent_after: 30s",
                                                          .global = "memory: {limit: 64mb}\n"});
    struct wire *readers[READERS];
    struct wire *small = rig_connect(rig);

    set_value(rig, "k", 10 * MEGABYTE);
    set_value(rig, "s", 100 * 1024);
    wire_shrink_receive_buffer(small);
    wire_request(small, "GET", "s");
    for (int i = 0; i < READERS; i++) {
        readers[i] = rig_connect(rig);
        wire_shrink_receive_buffer(readers[i]);
        wire_request(readers[i], "GET", "k");
    }
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "memory_limit") > 0 &&
                       metric(rig, "memory_level") < 2));
    cr_expect(WAIT_FOR(strcmp(ask(rig, "SET", "a", "1"), "OK") == 0),
              "others need not wait for those who hold it");
    for (int i = 0; i < READERS; i++) {
        rig_disconnect(rig, &readers[i]);
    }
    cr_expect(WAIT_FOR(metric(rig, "memory_level") == 0));
    size_t size = 0;
    cr_expect_not_null(wire_reply(small, &size), "it held little");
    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    rig_stop(&rig);
}

/* As much as memory.limit leaves, and no more, whatever the names are. */
Test(limits, subscriptions_take_no_more_memory_than_there_is)
{
    enum { NAMES = 100, NAME = 60 * 1000 };
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .global = "memory: {limit: 16mb}\n"});
    struct wire *greedy = rig_connect(rig);
    struct bytes request = {0};

    bytes_print(&request, "*%d\r\n$9\r\nSUBSCRIBE\r\n", NAMES + 1);
    for (int i = 0; i < NAMES; i++) {
        bytes_print(&request, "$%d\r\n%0*d\r\n", NAME, NAME, i);
    }
    wire_send_bytes(greedy, request.at, request.size);
    cr_expect_str_eq(wire_text(greedy),
                     "-ERR proxy: overloaded: memory for requests and replies is used up");
    cr_expect_eq(metric(rig, "pubsub_subscriptions"), 0);
    bytes_clear(&request);
    rig_stop(&rig);
}

Test(limits, nobody_is_subscribed_to_more_than_any_program_means)
{
    enum { PATTERNS = 16 * 1024, NAME = 64 * 1024 };
    struct rig *rig = rig_start(2);
    struct bytes request = {0};
    char name[NAME + 2] = "";

    memset(name, 'x', NAME + 1);
    wire_request(rig_client(rig), "SUBSCRIBE", "a", name);
    cr_expect_str_eq(wire_text(rig_client(rig)),
                     "-ERR proxy: what is subscribed to has a name of 65536 bytes at most");
    bytes_print(&request, "*%d\r\n$10\r\nPSUBSCRIBE\r\n", PATTERNS + 2);
    for (int i = 0; i <= PATTERNS; i++) {
        bytes_print(&request, "$5\r\n%05d\r\n", i);
    }
    wire_send_bytes(rig_client(rig), request.at, request.size);
    cr_expect_str_eq(wire_text(rig_client(rig)),
                     "-ERR proxy: a client may be subscribed to 16384 patterns at most");
    cr_expect_eq(metric(rig, "pubsub_subscriptions"), 0);
    cr_expect_str_eq(ask(rig, "PING"), "PONG", "it is no subscriber");
    bytes_clear(&request);
    rig_stop(&rig);
}

static void limit_descriptors(struct rig *rig, rlim_t count)
{
    struct rlimit limit;

    cr_assert_eq(prlimit(rig_process(rig)->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = count == 0 ? limit.rlim_max : count;
    cr_assert_eq(prlimit(rig_process(rig)->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* Nor can the admin page be asked meanwhile. */
Test(limits, without_descriptors_accepting_pauses_and_goes_on_by_itself)
{
    struct rig *rig = rig_start_store(1);
    size_t size = 0;

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_eq(metric(rig, "accept_pauses_total"), 0);
    uint64_t since = wait_now_ms();
    limit_descriptors(rig, 3);
    struct wire *waiting = rig_connect(rig);
    wire_request(waiting, "GET", "k");
    cr_expect(WAIT_FOR(rig_has_written(rig, "cannot accept clients")));
    while (wait_now_ms() < since + 1000) {
        cr_expect_str_eq(ask(rig, "GET", "k"), "v", "who is there already is served");
    }
    cr_expect(!wire_has_input(waiting));
    limit_descriptors(rig, 0);
    cr_expect_not_null(wire_reply(waiting, &size));
    cr_expect(rig_has_written(rig, "accepting clients again"));
    long long paused = metric(rig, "accept_pauses_total");
    cr_expect_gt(paused, 0);
    cr_expect_leq(paused, (long long)(wait_now_ms() - since) / 100 + 2, "it does not spin");
    rig_stop(&rig);
}

Test(limits, without_descriptors_a_node_is_connected_to_later)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .request_timeout = "60s"});

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    limit_descriptors(rig, 3);
    fake_node_drop_connections(rig_node(rig, 0));
    wire_request(rig_client(rig), "GET", "k");
    cr_expect(WAIT_FOR(rig_has_written(rig, "Too many open files")));
    limit_descriptors(rig, 0);
    cr_expect_str_eq(wire_text(rig_client(rig)), "v");
    rig_stop(&rig);
}

Test(limits, a_crowd_of_clients_is_served_over_one_connection_to_the_node)
{
    enum { CROWD = 2000 };
    struct rlimit limit;
    static struct wire *crowd[CROWD];

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < CROWD + 500) {
        cr_skip_test("too few file descriptors are allowed");
    }

    struct rig *rig = rig_start_store(1);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = wire_open(rig_port(rig));
        cr_assert_not_null(crowd[i]);
        wire_request(crowd[i], "GET", "k");
    }
    for (int i = 0; i < CROWD; i++) {
        cr_expect_str_eq(wire_text(crowd[i]), "(nil)");
    }
    cr_expect_eq(metric(rig, "downstream_connections_active"), CROWD);
    cr_expect_eq(metric(rig, "upstream_connections_active"), 1);
    for (int i = 0; i < CROWD; i++) {
        wire_close(&crowd[i]);
    }
    rig_stop(&rig);
}

Test(limits, before_auth_are_those_of_redis)
{
    static const struct {
        const char *sent;
        const char *said;
    } rows[] = {
        {"*11\r\n", "-ERR Protocol error: unauthenticated multibulk length"},
        {"*2\r\n$4\r\nAUTH\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length"},
        {"*2\r\n$4\r\nAUTH\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length"},
        {"*99999999999\r\n", "-ERR Protocol error: invalid multibulk length"},
    };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .clients = "password: x"});

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire *wire = rig_connect(rig);

        wire_send_bytes(wire, rows[i].sent, strlen(rows[i].sent));
        cr_expect_str_eq(wire_text(wire), rows[i].said);
        cr_expect(wire_is_closed(wire));
    }
    rig_stop(&rig);
}
