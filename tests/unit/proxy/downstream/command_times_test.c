/* How long commands took: what is counted, and how LATENCY HISTOGRAM shows it. */
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "proxy/command/command_rows.h"
#include "tests/unit/proxy/downstream/local_rig.h"

/* What a Redis 7.0 server shows. */
static const uint64_t limits[] = {1,     2,     4,     8,      16,     33,     66,
                                  132,   264,   528,   1056,   2113,   4227,   8454,
                                  16908, 33816, 67633, 135266, 270532, 541065, 1073741};

Test(command_times, limits_are_those_of_redis)
{
    cr_assert_eq(ARRAY_LEN(limits), COMMAND_TIME_SHOWN);
    for (uint32_t i = 0; i < COMMAND_TIME_SHOWN; i++) {
        cr_expect_eq(command_time_shown_limit(i), limits[i], "%u", i);
    }
}

Test(command_times, a_time_is_in_the_first_bucket_that_holds_it)
{
    cr_expect_eq(command_time_bucket(0), 0);
    for (uint32_t i = 0; i < COMMAND_TIME_BUCKETS - 1; i++) {
        cr_expect_eq(command_time_bucket(command_time_limit(i)), i, "%u", i);
        cr_expect_eq(command_time_bucket(command_time_limit(i) + 1), i + 1, "%u", i);
    }
    cr_expect_eq(command_time_bucket(UINT64_MAX), COMMAND_TIME_BUCKETS - 1);
}

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

TestSuite(histogram, .init = open_rig, .fini = close_rig, .timeout = 60);

static void note_row(size_t worker, const struct command *command, uint64_t took)
{
    command_times_note(&rig->workers[worker].clients.times, command, took);
}

static void note(size_t worker, const char *name, uint64_t took)
{
    note_row(worker, command_by_name(span_of(name)), took);
}

static void expect(const char *line, const char *want)
{
    const char *reply = local_rig_ask(rig, here, line);

    cr_expect_str_eq(reply, want, "%s: got %s", line, reply);
}

static void expect_start(const char *reply, const char *want)
{
    cr_expect_eq(strncmp(reply, want, strlen(want)), 0, "%s", reply);
}

#define CALLS      "*4\r\n$5\r\ncalls\r\n"
#define HISTOGRAM  "$14\r\nhistogram_usec\r\n"

#define GET        "$3\r\nget\r\n" CALLS ":1\r\n" HISTOGRAM "*2\r\n:4\r\n:1\r\n"
#define CONFIG_GET "$10\r\nconfig|get\r\n" CALLS ":1\r\n" HISTOGRAM "*2\r\n:1\r\n:1\r\n"
#define CONFIG_SET "$10\r\nconfig|set\r\n" CALLS ":1\r\n" HISTOGRAM "*2\r\n:2\r\n:1\r\n"

static const struct {
    const char *request;
    const char *reply;
} rows[] = {
    {"LATENCY HISTOGRAM get", "*2\r\n" GET},
    {"LATENCY HISTOGRAM GeT get", "*2\r\n" GET},
    {"LATENCY HISTOGRAM nothing get", "*2\r\n" GET},
    {"LATENCY HISTOGRAM set", "*0\r\n"},
    {"LATENCY HISTOGRAM ge gett ''", "*0\r\n"},
    {"LATENCY HISTOGRAM config|get", "*2\r\n" CONFIG_GET},
    {"LATENCY HISTOGRAM config| config|g |get", "*0\r\n"},
    {"LATENCY HISTOGRAM Config", "*4\r\n" CONFIG_GET CONFIG_SET},
    {"LATENCY HISTOGRAM get config|SET", "*4\r\n" CONFIG_SET GET},
};

Test(histogram, shows_the_commands_that_were_named_and_their_subcommands)
{
    note(0, "get", 3);
    note(0, "config|get", 0);
    note(1, "config|set", 2);
    note(1, "command", 2);
    note(1, "commandlog|len", 2);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect(rows[i].request, rows[i].reply);
    }
}

Test(histogram, a_word_with_a_blank_or_a_zero_byte_names_nothing)
{
    static const char request[] = "*4\r\n$7\r\nLATENCY\r\n$9\r\nHISTOGRAM\r\n"
                                  "$10\r\nconfig get\r\n$5\r\nget\0x\r\n";

    note(0, "get", 3);
    note(0, "config|get", 3);
    cr_assert_eq(write(here, request, sizeof request - 1), (ssize_t)sizeof request - 1);
    cr_expect_str_eq(local_rig_hear(rig, here), "*0\r\n");
}

Test(histogram, counts_of_all_workers_come_together_and_add_up)
{
    note(0, "get", 1);
    note(0, "get", 20);
    note(0, "get", 33);
    note(1, "get", 20);
    note(1, "get", 5000000);
    expect("LATENCY HISTOGRAM get", "*2\r\n$3\r\nget\r\n" CALLS ":5\r\n" HISTOGRAM
                                    "*6\r\n:1\r\n:1\r\n:33\r\n:4\r\n:1073741\r\n:5\r\n");
}

Test(histogram, without_names_it_shows_all_that_were_called_and_none_else)
{
    const char *reply;

    expect("LATENCY HISTOGRAM", "*0\r\n");
    note(0, "get", 3);
    note(1, "config|set", 2);
    reply = local_rig_ask(rig, there, "LATENCY HISTOGRAM");
    expect_start(reply, "*6\r\n" CONFIG_SET GET "$17\r\nlatency|histogram\r\n");
}

Test(histogram, is_of_maps_in_resp3)
{
    note(0, "get", 3);
    local_rig_ask(rig, here, "HELLO 3");
    expect("LATENCY HISTOGRAM get",
           "%1\r\n$3\r\nget\r\n%2\r\n$5\r\ncalls\r\n:1\r\n" HISTOGRAM "%1\r\n:4\r\n:1\r\n");
}

Test(histogram, what_slotway_answers_itself_is_counted_and_what_it_refuses_is_not)
{
    local_rig_ask(rig, here, "PING");
    local_rig_ask(rig, there, "PING");
    local_rig_ask(rig, here, "CLIENT LIST");
    local_rig_ask(rig, here, "ECHO");
    local_rig_ask(rig, here, "CLIENT KILL");
    expect("LATENCY HISTOGRAM ping echo client|kill",
           "*2\r\n$4\r\nping\r\n" CALLS ":2\r\n" HISTOGRAM "*2\r\n:1\r\n:2\r\n");
    expect_start(local_rig_ask(rig, there, "LATENCY HISTOGRAM client"),
                 "*2\r\n$11\r\nclient|list\r\n" CALLS ":1\r\n");
}

Test(histogram, what_is_queued_is_not_counted)
{
    local_rig_ask(rig, here, "MULTI");
    local_rig_ask(rig, here, "GET a");
    local_rig_ask(rig, here, "DISCARD");
    expect("LATENCY HISTOGRAM get", "*0\r\n");
}

/* A module's command that the nodes tell otherwise after an upgrade. */
Test(histogram, commands_that_were_learned_go_by_their_names)
{
    struct command facts = {
        .name = "mod.get", .since = "1.0.0", .groups = "@read", .id = COMMAND_ID_LEARNED};
    struct command changed = facts;
    struct command other = facts;

    changed.arity = 2;
    other.name = "mod.set";
    note_row(0, command_row_keep(&facts), 1);
    note_row(0, command_row_keep(&facts), 1);
    note_row(0, command_row_keep(&changed), 2);
    note_row(1, command_row_keep(&other), 1);
    expect("LATENCY HISTOGRAM mod.get",
           "*2\r\n$7\r\nmod.get\r\n" CALLS ":3\r\n" HISTOGRAM "*4\r\n:1\r\n:2\r\n:2\r\n:3\r\n");
}

Test(histogram, latency_reset_keeps_it)
{
    note(0, "get", 3);
    expect("LATENCY RESET", ":0\r\n");
    expect("LATENCY HISTOGRAM get", "*2\r\n" GET);
}
