/* A judge that excuses too much finds nothing: planted differences, and what may differ. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/differential/judge.h"

struct row {
    const char *command;
    const char *twin;
    const char *slotway;
    bool is_same;
};

static const struct shape shape = {GROUP_STRINGS, ""};

/* The words of `text` as a call. */
static void add_call(struct stream *stream, const char *text)
{
    stream_add_call(stream, &shape);
    while (*text != '\0') {
        struct span word = {text, (size_t)(strchrnul(text, ' ') - text)};
        stream_add_word(stream, word);
        text += word.size + (text[word.size] == ' ');
    }
}

static int verdict_of(const struct row *row, const char *before)
{
    struct stream stream = {0};
    struct answers now = {span_of(row->twin), span_of(row->slotway)};

    add_call(&stream, row->command);
    int verdict =
        judge(&stream, stream.calls, now, (struct answers){span_of(before), span_of(before)});
    stream_clear(&stream);
    return verdict;
}

static const struct row rows[] = {
    {"GET k", "$1\r\na\r\n", "$1\r\na\r\n", true},
    {"GET k", "$1\r\na\r\n", "$1\r\nb\r\n", false},
    {"GET k", "$-1\r\n", "_\r\n", false},
    {"LRANGE l", "*2\r\n:1\r\n:2\r\n", "*2\r\n:2\r\n:1\r\n", false},
    {"SMEMBERS s", "*2\r\n:1\r\n:2\r\n", "*2\r\n:2\r\n:1\r\n", true},
    {"smembers s", "~2\r\n:1\r\n:2\r\n", "~2\r\n:2\r\n:1\r\n", true},
    {"SMEMBERS s", "~2\r\n:1\r\n:2\r\n", "*2\r\n:1\r\n:2\r\n", false},
    {"SMEMBERS s", "*2\r\n:1\r\n:1\r\n", "*2\r\n:2\r\n:1\r\n", false},
    {"SMEMBERS s", "*1\r\n:1\r\n", "*2\r\n:1\r\n:2\r\n", false},
    {"SMEMBERS s", "-WRONGTYPE x\r\n", "*0\r\n", false},
    {"HGETALL h", "*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "*4\r\n:3\r\n:4\r\n:1\r\n:2\r\n", true},
    {"HGETALL h", "*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "*4\r\n:1\r\n:4\r\n:3\r\n:2\r\n", false},
    {"HGETALL h", "%1\r\n:1\r\n:2\r\n", "%1\r\n:2\r\n:1\r\n", false},
    {"TTL k", ":100\r\n", ":99\r\n", true},
    {"TTL k", ":100\r\n", ":200\r\n", false},
    {"TTL k", ":-1\r\n", ":-2\r\n", false},
    {"TTL k", ":0\r\n", ":-2\r\n", false},
    {"PTTL k", ":100000\r\n", ":99000\r\n", true},
    {"EXISTS k", ":1\r\n", ":2\r\n", false},
    {"MEMORY USAGE k", ":100\r\n", ":150\r\n", true},
    {"MEMORY USAGE k", ":100\r\n", "$-1\r\n", false},
    {"DUMP k", "$1\r\na\r\n", "$2\r\nab\r\n", true},
    {"DUMP k", "$1\r\na\r\n", "$-1\r\n", false},
    {"GET", "-ERR wrong\r\n", "-ERR other\r\n", false},
    {"ZUNION x", "-ERR syntax error\r\n", "-CROSSSLOT Keys\r\n", true},
    {"ZUNION x", "*0\r\n", "-CROSSSLOT Keys\r\n", false},
    {"RENAME a b", "-CROSSSLOT (not asked)\r\n", "-CROSSSLOT Keys\r\n", true},
    {"RENAME a b", "-CROSSSLOT (not asked)\r\n", "+OK\r\n", false},
    {"SORT k", "-ERR One or more scores can't be converted into double\r\n", "*0\r\n", true},
    {"SORT k STORE l", ":1\r\n", "-ERR One or more scores can't be converted into double\r\n",
     true},
    {"SORT k", "-ERR One or more scores can't be converted into double\r\n", "-ERR x\r\n", false},
    {"FUNCTION LIST", "*2\r\n*1\r\n:1\r\n*1\r\n:2\r\n", "*2\r\n*1\r\n:2\r\n*1\r\n:1\r\n", true},
    {"FUNCTION LIST", "*2\r\n*1\r\n:1\r\n*1\r\n:2\r\n", "*2\r\n*1\r\n:2\r\n*1\r\n:3\r\n", false},
};

Test(judge, excuses_what_is_written_down_and_nothing_else)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(verdict_of(&rows[i], "*0\r\n") != DIFFERENT, rows[i].is_same, "%s: %s and %s",
                     rows[i].command, rows[i].twin, rows[i].slotway);
    }
}

Test(judge, a_random_choice_is_among_what_was_there)
{
    const char *before = "*2\r\n$1\r\na\r\n$1\r\nb\r\n";
    struct row other = {"SRANDMEMBER s", "$1\r\na\r\n", "$1\r\nb\r\n", true};
    struct row alien = {"SRANDMEMBER s", "$1\r\na\r\n", "$1\r\nc\r\n", false};
    struct row none = {"SRANDMEMBER s", "$1\r\na\r\n", "$-1\r\n", false};

    cr_expect_neq(verdict_of(&other, before), DIFFERENT);
    cr_expect_eq(verdict_of(&alien, before), DIFFERENT);
    cr_expect_eq(verdict_of(&none, before), DIFFERENT);
}

static int exec_of(const char *twin, const char *slotway)
{
    struct stream stream = {0};
    struct words queued = {0};

    add_call(&stream, "GET k");
    add_call(&stream, "SMEMBERS s");
    words_add(&queued, (struct word){.at = 0});
    words_add(&queued, (struct word){.at = 1});
    int verdict = judge_exec(&stream, &queued, (struct answers){span_of(twin), span_of(slotway)});
    stream_clear(&stream);
    free(queued.items);
    return verdict;
}

Test(judge, each_reply_of_a_transaction_is_its_command_s)
{
    const char *twin = "*2\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n";

    cr_expect_eq(exec_of(twin, twin), EQUAL);
    cr_expect_neq(exec_of(twin, "*2\r\n$1\r\na\r\n*2\r\n:2\r\n:1\r\n"), DIFFERENT);
    cr_expect_eq(exec_of(twin, "*2\r\n$1\r\nb\r\n*2\r\n:1\r\n:2\r\n"), DIFFERENT);
    cr_expect_eq(exec_of(twin, "*-1\r\n"), DIFFERENT);
}

static int iteration_of(const char *command, const char *twin, const char *slotway)
{
    struct stream stream = {0};

    add_call(&stream, command);
    int verdict =
        judge_iterations(&stream, stream.calls, (struct answers){span_of(twin), span_of(slotway)});
    stream_clear(&stream);
    return verdict;
}

Test(judge, iterations_give_all_in_any_order_and_perhaps_again)
{
    cr_expect_neq(iteration_of("SSCAN s 0", ":1\r\n:2\r\n", ":2\r\n:1\r\n:1\r\n"), DIFFERENT);
    cr_expect_eq(iteration_of("SSCAN s 0", ":1\r\n:2\r\n", ":2\r\n:2\r\n"), DIFFERENT);
    cr_expect_neq(iteration_of("HSCAN h 0", ":1\r\n:2\r\n:3\r\n:4\r\n",
                               ":3\r\n:4\r\n:1\r\n:2\r\n:3\r\n:4\r\n"),
                  DIFFERENT);
    cr_expect_eq(iteration_of("HSCAN h 0", ":1\r\n:2\r\n:3\r\n:4\r\n", ":1\r\n:4\r\n:3\r\n:2\r\n"),
                 DIFFERENT);
}
