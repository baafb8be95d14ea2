/* A request as MONITOR shows it: as Redis does, byte by byte. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/proxy/command/words.h"

#include "common/memory.h"
#include "proxy/downstream/monitor_line.h"

enum { AT_US = 1700000000 };

static const struct command *find(const struct arguments *arguments)
{
    const struct command *command = NULL;

    cr_assert_eq(command_find(arguments, &command), COMMAND_FOUND);
    return command;
}

/* What is shown, terminated; the caller frees it. */
static char *shown(const struct arguments *arguments)
{
    struct monitor_lines lines = {0};

    monitor_lines_add(&lines, AT_US * UINT64_C(1000000) + 42, "127.0.0.1:7", find(arguments),
                      arguments);
    char *text = memory_copy(lines.bytes, lines.size);
    monitor_lines_clear(&lines);
    return text;
}

#define HEAD "+1700000000.000042 [0 127.0.0.1:7] "

Test(monitor_line, requests_look_as_with_redis)
{
    static const struct {
        const char *words;
        const char *line;
    } rows[] = {
        {"PING", "\"PING\""},
        {"set Key 12", "\"set\" \"Key\" \"12\""},
        {"SET k ''", "\"SET\" \"k\" \"\""},
        {"SET \"k\" \\x", "\"SET\" \"\\\"k\\\"\" \"\\\\x\""},
        {"SET a\nb\r\t \a\b", "\"SET\" \"a\\nb\\r\\t\" \"\\a\\b\""},
        {"GET \x01\x1f~\x7f\x80\xff", "\"GET\" \"\\x01\\x1f~\\x7f\\x80\\xff\""},
        {"CLIENT SETNAME x", "\"CLIENT\" \"SETNAME\" \"x\""},
        {"EVAL return{'a'} 0", "\"EVAL\" \"return{'a'}\" \"0\""},
        {"AUTH word", "\"AUTH\" \"(redacted)\""},
        {"auth user word", "\"auth\" \"(redacted)\" \"(redacted)\""},
        {"AUTH a b c", "\"AUTH\" \"(redacted)\" \"(redacted)\" \"(redacted)\""},
        {"HELLO 3", "\"HELLO\" \"3\""},
        {"HELLO 3 AUTH user word SETNAME x",
         "\"HELLO\" \"3\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"x\""},
        {"HELLO 3 SETNAME x auth auth auth",
         "\"HELLO\" \"3\" \"SETNAME\" \"x\" \"auth\" \"(redacted)\" \"(redacted)\""},
        {"HELLO 4 AUTH word", "\"HELLO\" \"4\" \"AUTH\" \"(redacted)\""},
        {"HELLO AUTH user word", "\"HELLO\" \"AUTH\" \"(redacted)\" \"(redacted)\""},
        {"GET auth", "\"GET\" \"auth\""},
        {"MGET auth a b", "\"MGET\" \"auth\" \"a\" \"b\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct words words;
        char expected[512];

        words_init(&words, rows[i].words);
        snprintf(expected, sizeof expected, HEAD "%s\r\n", rows[i].line);
        char *line = shown(&words.arguments);
        cr_expect_str_eq(line, expected, "%s: %s", rows[i].words, line);
        free(line);
    }
}

Test(monitor_line, lines_stand_one_behind_the_other)
{
    struct monitor_lines lines = {0};
    struct words words;

    words_init(&words, "GET a");
    monitor_lines_add(&lines, 1999999, "[::1]:9", find(&words.arguments), &words.arguments);
    monitor_lines_add(&lines, 2000000, "unix:/s", find(&words.arguments), &words.arguments);
    char *text = memory_copy(lines.bytes, lines.size);
    cr_expect_str_eq(text, "+1.999999 [0 [::1]:9] \"GET\" \"a\"\r\n"
                           "+2.000000 [0 unix:/s] \"GET\" \"a\"\r\n");
    free(text);
    monitor_lines_clear(&lines);
}

static char *filled(size_t size, char byte)
{
    char *text = malloc(size + 1);

    memset(text, byte, size);
    text[size] = '\0';
    return text;
}

Test(monitor_line, a_large_argument_is_cut)
{
    for (size_t more = 0; more < 3; more++) {
        char *value = filled(MONITOR_ARGUMENT_MAX + more, '\x01');
        struct words words;
        char end[64] = "\\x01";

        words_init(&words, "SET k v");
        words.items[2] = (struct span){value, MONITOR_ARGUMENT_MAX + more};
        if (more > 0) {
            snprintf(end, sizeof end, "\\x01... (%zu more bytes)", more);
        }
        strcat(end, "\"\r\n");
        char *line = shown(&words.arguments);
        size_t size = strlen(HEAD "\"SET\" \"k\" \"") + 4 * MONITOR_ARGUMENT_MAX - 4 + strlen(end);
        cr_expect_eq(strlen(line), size);
        cr_expect_str_eq(line + strlen(line) - strlen(end), end);
        free(line);
        free(value);
    }
}

Test(monitor_line, a_line_of_very_many_arguments_is_cut)
{
    enum { SHOWN = MONITOR_LINE_MAX / MONITOR_ARGUMENT_MAX, COUNT = SHOWN + 11 };
    char *value = filled(MONITOR_ARGUMENT_MAX, 'x');
    struct span items[COUNT];
    struct arguments arguments = {.items = items, .count = COUNT};
    static const char end[] = "x\" \"... (10 more arguments)\"\r\n";

    items[0] = SPAN("DEL");
    for (uint32_t i = 1; i < COUNT; i++) {
        items[i] = (struct span){value, MONITOR_ARGUMENT_MAX};
    }
    char *line = shown(&arguments);
    cr_expect_str_eq(line + strlen(line) - strlen(end), end);
    cr_expect_lt(strlen(line), MONITOR_LINE_MAX + MONITOR_ARGUMENT_MAX + 100);
    free(line);
    free(value);
}

Test(monitor_line, administration_is_not_shown)
{
    static const struct {
        const char *name;
        bool is_shown;
    } rows[] = {
        {"get", true},          {"set", true},
        {"exec", true},         {"multi", true},
        {"auth", true},         {"hello", true},
        {"eval", true},         {"evalsha_ro", true},
        {"fcall", true},        {"client setname", true},
        {"subscribe", true},    {"quit", true},
        {"client list", false}, {"client kill", false},
        {"config set", false},  {"config get", false},
        {"slowlog get", false}, {"acl setuser", false},
        {"monitor", false},     {"proxy node", false},
        {"acl list", false},    {"debug", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct command *command = command_by_name(span_of(rows[i].name));

        cr_assert_not_null(command, "%s", rows[i].name);
        cr_expect_eq(monitor_line_is_shown(command), rows[i].is_shown, "%s", rows[i].name);
    }
}

/* As a module's may be: the nodes say so. */
Test(monitor_line, a_learned_command_may_wish_not_to_be_shown)
{
    struct command command = *command_by_name(SPAN("get"));

    command.flags |= COMMAND_SKIP_MONITOR;
    cr_expect_not(monitor_line_is_shown(&command));
}
