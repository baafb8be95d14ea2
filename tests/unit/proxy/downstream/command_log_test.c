/* What is kept of slow and large requests, and how SLOWLOG and COMMANDLOG show it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/resp_write.h"
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

TestSuite(command_log, .init = open_rig, .fini = close_rig, .timeout = 60);

static struct client *client_of(size_t worker)
{
    return container_of(list_first(&rig->workers[worker].clients.open), struct client, in_clients);
}

enum { SOME_US = 30000 };

/* A request of `worker`'s client, of which `waited` microseconds passed at a gate. */
static void note_in(enum command_log_kind kind, size_t worker, const struct arguments *arguments,
                    uint64_t amount, uint64_t waited)
{
    const struct command *command;
    struct sendq composed;

    cr_assert_eq(command_find(arguments, &command), COMMAND_FOUND);
    sendq_init(&composed);
    resp_write_request(&composed, arguments->items, arguments->count);

    struct block *block = sendq_flatten(&composed);
    struct request *request = request_new(command, block, (struct span){block->bytes, block->used});

    request->waited = waited;
    request->arrived = reactor_now(rig->reactor) - (kind == LOG_SLOW ? amount : SOME_US);
    command_log_note(client_of(worker), kind, request, amount);
    request_free(&request);
    block_release(&block);
    sendq_clear(&composed);
}

static void note_arguments(size_t worker, const struct arguments *arguments, uint64_t took,
                           uint64_t waited)
{
    note_in(LOG_SLOW, worker, arguments, took, waited);
}

static void note(size_t worker, const char *line, uint64_t took)
{
    struct words words;

    words_init(&words, line);
    note_arguments(worker, &words.arguments, took, 0);
}

/* The reply to `line` without times, ids and addresses: its other strings, with "|" between. */
static const char *shown(const char *line)
{
    static char text[64 * 1024];
    size_t used = 0;
    bool is_string = false;
    char *reply = strdup(local_rig_ask(rig, here, line));

    text[0] = '\0';
    for (char *at = strtok(reply, "\r\n"); at != NULL; at = strtok(NULL, "\r\n")) {
        if (is_string && strncmp(at, "127.0.0.1:", 10) != 0) {
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "" : "|", at);
        }
        is_string = at[0] == '$' && at[1] != '0';
    }
    free(reply);
    return text;
}

enum { NEVER_US = 1000 * US_PER_SECOND };

#define NOTE "# waited_us=0 node_us=20000 node=several"

Test(command_log, an_entry_is_what_redis_shows_and_where_the_time_went)
{
    char want[256];
    const char *reply;

    local_rig_ask(rig, there, "CLIENT SETNAME me");
    note(1, "GET a", 20000);
    reply = local_rig_ask(rig, here, "SLOWLOG GET");
    cr_expect_eq(strncmp(reply, "*1\r\n*6\r\n:0\r\n:", 13), 0, "%s", reply);
    snprintf(want, sizeof want, "\r\n:20000\r\n*3\r\n$3\r\nGET\r\n$1\r\na\r\n$%zu\r\n" NOTE "\r\n",
             strlen(NOTE));
    cr_expect_not_null(strstr(reply, want), "%s", reply);
    cr_expect_not_null(strstr(reply, "\r\n127.0.0.1:"), "%s", reply);
    cr_expect_not_null(strstr(reply, "\r\n$2\r\nme\r\n"), "%s", reply);
}

Test(command_log, entries_of_all_workers_come_newest_first)
{
    note(0, "GET a", 20000);
    note(1, "GET b", 20000);
    note(0, "GET c", 20000);
    note(1, "GET d", 20000);
    cr_expect_str_eq(local_rig_ask(rig, here, "SLOWLOG LEN"), ":4\r\n");
    cr_expect_str_eq(shown("SLOWLOG GET 3"), "GET|d|" NOTE "|GET|c|" NOTE "|GET|b|" NOTE, "%s",
                     shown("SLOWLOG GET 3"));
    cr_expect_eq(strncmp(local_rig_ask(rig, there, "SLOWLOG GET -1"), "*4\r\n", 4), 0);
    cr_expect_str_eq(local_rig_ask(rig, there, "SLOWLOG GET 0"), "*0\r\n");
    cr_expect_str_eq(local_rig_ask(rig, there, "SLOWLOG RESET"), "+OK\r\n");
    cr_expect_str_eq(local_rig_ask(rig, here, "SLOWLOG LEN"), ":0\r\n");
    cr_expect_str_eq(local_rig_ask(rig, here, "SLOWLOG GET"), "*0\r\n");
    note(0, "GET e", 20000);
    cr_expect_not_null(strstr(local_rig_ask(rig, here, "SLOWLOG GET"), "*6\r\n:4\r\n"));
}

Test(command_log, only_the_newest_of_all_workers_are_kept)
{
    rig->config->pools[0].slowlog_max_len = 3;
    note(0, "GET a", 20000);
    for (int i = 0; i < 10; i++) {
        note(1, "GET b", 20000);
    }
    note(0, "GET c", 20000);
    cr_expect_str_eq(local_rig_ask(rig, here, "SLOWLOG LEN"), ":3\r\n");
    cr_expect_str_eq(shown("SLOWLOG GET"), "GET|c|" NOTE "|GET|b|" NOTE "|GET|b|" NOTE);
    cr_expect_eq(rig->workers[1].clients.logs[LOG_SLOW].count, 3);
}

/* Of worker 0. */
static int count_recent(int64_t most)
{
    const struct clients *clients = &rig->workers[0].clients;
    const struct log_entry *entry = command_log_recent(clients, LOG_SLOW, most);
    int count = 0;

    for (; entry != NULL; entry = command_log_next(clients, LOG_SLOW, entry)) {
        count++;
    }
    return count;
}

Test(command_log, no_more_are_looked_at_than_are_wanted)
{
    cr_expect_eq(count_recent(-1), 0);
    cr_expect_eq(count_recent(3), 0);
    for (int i = 0; i < 5; i++) {
        note(0, "GET a", 20000);
    }
    cr_expect_eq(count_recent(0), 0);
    cr_expect_eq(count_recent(1), 1);
    cr_expect_eq(count_recent(3), 3);
    cr_expect_eq(count_recent(5), 5);
    cr_expect_eq(count_recent(INT64_MAX), 5);
    cr_expect_eq(count_recent(-1), 5);
    note(1, "GET b", 20000);
    rig->config->pools[0].slowlog_max_len = 3;
    cr_expect_eq(count_recent(3), 2);
    cr_expect_eq(count_recent(1), 1);
}

Test(command_log, keeps_ten_to_show_without_a_number_and_none_when_it_is_off)
{
    for (int i = 0; i < 12; i++) {
        note(0, "GET a", 20000);
    }
    cr_expect_eq(strncmp(local_rig_ask(rig, here, "SLOWLOG GET"), "*10\r\n", 5), 0);
    local_rig_ask(rig, here, "SLOWLOG RESET");
    rig->config->pools[0].slowlog_max_len = 0;
    note(0, "GET a", 20000);
    cr_expect_str_eq(local_rig_ask(rig, here, "SLOWLOG LEN"), ":0\r\n");
}

static void note_large(enum command_log_kind kind, size_t worker, const char *line, uint64_t bytes)
{
    struct words words;

    words_init(&words, line);
    note_in(kind, worker, &words.arguments, bytes, 0);
}

static void expect_start(const char *line, const char *want)
{
    const char *reply = local_rig_ask(rig, here, line);

    cr_expect_eq(strncmp(reply, want, strlen(want)), 0, "%s: got %s", line, reply);
}

#define LARGE_NOTE "# waited_us=0 node_us=30000 node=several"

Test(command_log, the_three_logs_have_ids_and_entries_of_their_own)
{
    note(0, "GET a", 20000);
    note_large(LOG_LARGE_REQUEST, 0, "SET b 1", 2000000);
    note_large(LOG_LARGE_REPLY, 0, "GET c", 3000000);
    note_large(LOG_LARGE_REPLY, 1, "GET d", 4000000);
    cr_expect_str_eq(shown("COMMANDLOG GET -1 slow"), "GET|a|" NOTE);
    cr_expect_str_eq(shown("COMMANDLOG GET -1 large-request"), "SET|b|1|" LARGE_NOTE);
    cr_expect_str_eq(shown("COMMANDLOG GET -1 LARGE-REPLY"),
                     "GET|d|" LARGE_NOTE "|GET|c|" LARGE_NOTE);
    cr_expect_str_eq(shown("COMMANDLOG GET 1 large-reply"), "GET|d|" LARGE_NOTE);
    expect_start("COMMANDLOG GET 1 large-request", "*1\r\n*6\r\n:0\r\n:");
    cr_expect_not_null(strstr(local_rig_ask(rig, here, "COMMANDLOG GET 1 large-request"),
                              "\r\n:2000000\r\n*4\r\n"));
    expect_start("COMMANDLOG GET 1 large-reply", "*1\r\n*6\r\n:1\r\n:");
    expect_start("COMMANDLOG RESET large-reply", "+OK\r\n");
    expect_start("COMMANDLOG LEN large-reply", ":0\r\n");
    expect_start("COMMANDLOG LEN large-request", ":1\r\n");
    expect_start("SLOWLOG LEN", ":1\r\n");
}

Test(command_log, each_log_keeps_as_many_as_its_own_option_says)
{
    rig->config->pools[0].large_request_max_len = 1;
    rig->config->pools[0].large_reply_max_len = 2;
    for (int i = 0; i < 5; i++) {
        note_large(LOG_LARGE_REQUEST, 0, "SET b 1", 2000000);
        note_large(LOG_LARGE_REPLY, 1, "GET c", 3000000);
        note(1, "GET a", 20000);
    }
    expect_start("COMMANDLOG LEN large-request", ":1\r\n");
    expect_start("COMMANDLOG LEN large-reply", ":2\r\n");
    expect_start("COMMANDLOG LEN slow", ":5\r\n");
    cr_expect_eq(rig->workers[0].metrics.large_requests_total, 5);
    cr_expect_eq(rig->workers[1].metrics.large_replies_total, 5);
    cr_expect_eq(rig->workers[1].metrics.slow_requests_total, 5);
}

/* CLIENT LIST asks all workers, and so goes the way of a request that a node answers. */
Test(command_log, sizes_are_those_on_the_wire_and_count_from_the_limit_on)
{
    static const char request[] = "*2\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\n";
    size_t reply = strlen(local_rig_ask(rig, here, "CLIENT LIST"));
    char want[32];

    rig->config->pools[0].request_larger_than = sizeof request;
    local_rig_ask(rig, here, "CLIENT LIST");
    expect_start("COMMANDLOG LEN large-request", ":0\r\n");
    rig->config->pools[0].request_larger_than = sizeof request - 1;
    rig->config->pools[0].reply_larger_than = reply / 2;
    local_rig_ask(rig, here, "CLIENT LIST");
    rig->config->pools[0].request_larger_than = rig->config->pools[0].reply_larger_than = 1000000;
    snprintf(want, sizeof want, "\r\n:%zu\r\n*3\r\n", sizeof request - 1);
    cr_expect_not_null(strstr(local_rig_ask(rig, here, "COMMANDLOG GET 1 large-request"), want));
    expect_start("COMMANDLOG LEN large-reply", ":1\r\n");
    rig->config->pools[0].reply_larger_than = 0;
    local_rig_say(here, "CLIENT REPLY SKIP");
    local_rig_say(here, "CLIENT LIST");
    local_rig_ask(rig, here, "PING");
    rig->config->pools[0].reply_larger_than = 1000000;
    expect_start("COMMANDLOG LEN large-reply", ":1\r\n");
}

static const struct {
    const char *request;
    const char *want;
} hidden[] = {
    {"CONFIG SET requirepass secret", "CONFIG|SET|(redacted)|(redacted)|" NOTE},
    {"MIGRATE h 1 k 0 5 AUTH secret",
     "MIGRATE|h|(redacted)|(redacted)|(redacted)|(redacted)|(redacted)|(redacted)|" NOTE},
    {"ACL SETUSER u >secret", "ACL|SETUSER|(redacted)|(redacted)|" NOTE},
};

Test(command_log, passwords_are_not_shown)
{
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
        note(0, hidden[i].request, 20000);
        cr_expect_str_eq(shown("SLOWLOG GET 1"), hidden[i].want);
    }
}

Test(command_log, many_and_long_arguments_are_cut_as_redis_cuts_them)
{
    struct span items[40];
    char large[200];
    char want[512];
    size_t used;

    memset(large, 'x', sizeof large);
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        items[i] = SPAN("k");
    }
    items[0] = SPAN("DEL");
    items[1] = (struct span){large, sizeof large};
    note_arguments(0, &(struct arguments){.items = items, .count = 40}, 20000, 0);
    used = (size_t)snprintf(want, sizeof want, "DEL|%.128s... (72 more bytes)", large);
    for (int i = 2; i < 31; i++) {
        used += (size_t)snprintf(want + used, sizeof want - used, "|k");
    }
    snprintf(want + used, sizeof want - used, "|... (9 more arguments)|" NOTE);
    cr_expect_str_eq(shown("SLOWLOG GET"), want, "%s", shown("SLOWLOG GET"));

    note_arguments(0, &(struct arguments){.items = items, .count = 32}, 20000, 0);
    cr_expect_null(strstr(shown("SLOWLOG GET 1"), "more arguments"));
}

Test(command_log, time_at_a_gate_is_told_from_time_with_a_node)
{
    struct words words;

    words_init(&words, "GET a");
    note_arguments(0, &words.arguments, 20000, 15000);
    cr_expect_str_eq(shown("SLOWLOG GET"), "GET|a|# waited_us=15000 node_us=5000 node=several");
}

/* CLIENT LIST asks all workers, and so takes time like a request that a node answers. */
Test(command_log, what_takes_as_long_as_the_limit_is_noted)
{
    rig->config->pools[0].slowlog_slower_than = NEVER_US;
    local_rig_ask(rig, here, "CLIENT LIST");
    cr_expect_str_eq(local_rig_ask(rig, here, "SLOWLOG LEN"), ":0\r\n");
    rig->config->pools[0].slowlog_slower_than = 0;
    local_rig_ask(rig, here, "CLIENT LIST");
    rig->config->pools[0].slowlog_slower_than = NEVER_US;
    cr_expect_eq(strncmp(shown("SLOWLOG GET"), "CLIENT|LIST|# waited_us=0 node_us=", 34), 0);
}

static const struct {
    const char *request;
    const char *reply;
} rows[] = {
    {"SLOWLOG GET x", "-ERR count should be greater than or equal to -1\r\n"},
    {"SLOWLOG GET -2", "-ERR count should be greater than or equal to -1\r\n"},
    {"SLOWLOG GET 1 2",
     "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n"},
    {"COMMANDLOG LEN slow", ":1\r\n"},
    {"COMMANDLOG LEN large-reply", ":0\r\n"},
    {"COMMANDLOG GET -1 large-request", "*0\r\n"},
    {"COMMANDLOG GET 0 slow", "*0\r\n"},
    {"COMMANDLOG GET x slow", "-ERR count should be greater than or equal to -1\r\n"},
    {"COMMANDLOG GET 1 nothing",
     "-ERR type should be one of the following: slow, large-request, large-reply\r\n"},
    {"COMMANDLOG RESET large-reply", "+OK\r\n"},
    {"SLOWLOG LEN", ":1\r\n"},
    {"COMMANDLOG RESET slow", "+OK\r\n"},
    {"SLOWLOG LEN", ":0\r\n"},
    {"CONFIG GET slowlog-max-len", "*2\r\n$15\r\nslowlog-max-len\r\n$3\r\n128\r\n"},
    {"CONFIG GET slowlog-log-slower-than",
     "*2\r\n$23\r\nslowlog-log-slower-than\r\n$10\r\n1000000000\r\n"},
    {"CONFIG GET commandlog-slow-execution-max-len",
     "*2\r\n$33\r\ncommandlog-slow-execution-max-len\r\n$3\r\n128\r\n"},
    {"CONFIG GET commandlog-request-larger-than",
     "*2\r\n$30\r\ncommandlog-request-larger-than\r\n$7\r\n1048576\r\n"},
    {"CONFIG GET commandlog-large-request-max-len",
     "*2\r\n$32\r\ncommandlog-large-request-max-len\r\n$3\r\n128\r\n"},
    {"CONFIG GET commandlog-reply-larger-than",
     "*2\r\n$28\r\ncommandlog-reply-larger-than\r\n$7\r\n1048576\r\n"},
    {"CONFIG GET commandlog-large-reply-max-len",
     "*2\r\n$30\r\ncommandlog-large-reply-max-len\r\n$3\r\n128\r\n"},
    {"LATENCY LATEST", "*0\r\n"},
    {"LATENCY HISTORY command", "*0\r\n"},
    {"LATENCY HISTOGRAM get", "*0\r\n"},
    {"LATENCY GRAPH command", "-ERR No samples available for event 'command'\r\n"},
    {"LATENCY RESET a b", ":0\r\n"},
};

Test(command_log, rows)
{
    rig->config->pools[0].slowlog_slower_than = NEVER_US;
    note(0, "GET a", 20000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *reply = local_rig_ask(rig, here, rows[i].request);

        cr_expect_str_eq(reply, rows[i].reply, "%s: got %s", rows[i].request, reply);
    }
}

Test(command_log, where_everything_is_slow_most_is_only_counted)
{
    rig->config->pools[0].slowlog_max_len = 100000;
    for (int i = 0; i < 3000; i++) {
        note(0, "GET a", 20000);
    }
    cr_expect_eq(rig->workers[0].metrics.slow_requests_total, 3000);
    cr_expect_eq(rig->workers[0].clients.logs[LOG_SLOW].count, 1000);
}
