#include "proxy/command/command.h"

#include <ctype.h>
#include <stdio.h>

#include "tests/unit/proxy/command/words.h"

/* Each row of the table holds together. */

Test(command_rows, are_sorted_by_name_and_each_name_is_there_once)
{
    for (enum command_id id = 1; id < COMMAND_COUNT; id++) {
        cr_expect_lt(strcmp(command_by_id(id - 1)->name, command_by_id(id)->name), 0, "%s",
                     command_by_id(id)->name);
    }
}

/* "CONFIG_GET" is the symbol of "config get". */
Test(command_rows, have_symbols_that_spell_their_names)
{
    static const char *const symbols[] = {
#define COMMAND(symbol, ...) #symbol,
#include "proxy/command/commands.def"
    };

    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const char *name = command_by_id(id)->name;
        cr_expect_eq(command_by_id(id)->id, id);
        cr_assert_eq(strlen(symbols[id]), strlen(name), "%s", name);
        for (size_t i = 0; name[i] != '\0'; i++) {
            int letter = name[i] == ' ' || name[i] == '-' ? '_' : toupper((unsigned char)name[i]);
            cr_expect_eq(symbols[id][i], letter, "%s %s", symbols[id], name);
        }
    }
}

Test(command_rows, are_found_by_their_names_in_any_case)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        char name[64];
        cr_expect_eq(command_by_name(span_of(command_by_id(id)->name)), command_by_id(id));
        snprintf(name, sizeof name, "%s", command_by_id(id)->name);
        for (char *at = name; *at != '\0'; at++) {
            *at = *at == ' ' ? '|' : (char)toupper((unsigned char)*at);
        }
        cr_expect_eq(command_by_name(span_of(name)), command_by_id(id), "%s", name);
    }
}

Test(command_rows, call_a_command_a_write_or_a_read_but_not_both)
{
    const uint32_t both = COMMAND_WRITE | COMMAND_READONLY;

    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        cr_expect_neq(command_by_id(id)->flags & both, both, "%s", command_by_id(id)->name);
    }
}

Test(command_rows, have_groups_in_the_form_of_command_info)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const char *groups = command_by_id(id)->groups;
        const char *name = command_by_id(id)->name;
        cr_expect(strstr(groups, "@fast") != NULL || strstr(groups, "@slow") != NULL, "%s", name);
        cr_expect_eq(strstr(groups, "@fast") != NULL,
                     (command_by_id(id)->flags & COMMAND_FAST) != 0, "%s", name);
        for (const char *at = groups; at != NULL; at = strchr(at + 1, ',')) {
            cr_expect_eq(at == groups ? at[0] : at[1], '@', "%s", name);
        }
    }
}

static bool is_routed_by_keys(enum command_class class)
{
    return class == COMMAND_CLASS_ONE_KEY || class == COMMAND_CLASS_SAME_SLOT ||
           class == COMMAND_CLASS_SPLIT || class == COMMAND_CLASS_SCRIPT ||
           class == COMMAND_CLASS_BLOCKING || class == COMMAND_CLASS_STREAM_READ;
}

Test(command_rows, that_are_routed_by_keys_have_keys)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id(id);
        if (is_routed_by_keys(command->class)) {
            cr_expect_gt(command->key_spec_count, 0, "%s", command->name);
        }
        if (command->class == COMMAND_CLASS_ONE_KEY) {
            cr_expect_gt(command->only_key, 0, "%s", command->name);
        }
        if (command->class == COMMAND_CLASS_SPLIT) {
            cr_expect_eq(command->request, TO_MULTI_SHARD, "%s", command->name);
            cr_expect_eq(command->only_key, 0, "%s", command->name);
        }
    }
}

Test(command_rows, have_an_arity_that_covers_the_fixed_keys)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id(id);
        int least = command->arity < 0 ? -command->arity : command->arity;
        cr_expect_gt(least, 0, "%s", command->name);
        cr_expect_lt(command->only_key, least, "%s", command->name);
        for (size_t i = 0; i < command->key_spec_count; i++) {
            const struct key_spec *spec = &command->keys[i];
            if (spec->begin == KEY_BEGIN_INDEX && spec->last >= 0) {
                cr_expect_lt(spec->index + spec->last, least, "%s", command->name);
            }
            cr_expect_neq(spec->begin, KEY_BEGIN_NONE, "%s", command->name);
            cr_expect_neq(spec->find, KEY_FIND_NONE, "%s", command->name);
        }
    }
}

Test(command_rows, of_containers_have_subcommands)
{
    for (enum command_id id = 0; id + 1 < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id(id);
        size_t size = strlen(command->name);
        bool has_subcommand = strncmp(command_by_id(id + 1)->name, command->name, size) == 0 &&
                              command_by_id(id + 1)->name[size] == ' ';
        bool is_container = command->class == COMMAND_CLASS_CONTAINER || id == COMMAND_ID_COMMAND;
        cr_expect_eq(has_subcommand, is_container && strchr(command->name, ' ') == NULL, "%s",
                     command->name);
    }
}

Test(command_classes, have_names_and_texts)
{
    cr_expect_str_eq(command_class_name(COMMAND_CLASS_ONE_KEY), "ONE_KEY");
    cr_expect_str_eq(command_class_name(COMMAND_CLASS_CONTAINER), "CONTAINER");
    cr_expect_str_eq(command_class_text(COMMAND_CLASS_ANY_NODE), "sent to one primary");
}

static const struct {
    const char *request;
    enum command_result result;
    const char *name; /* of *command; NULL when there is none */
} lookups[] = {
    {"get a", COMMAND_FOUND, "get"},
    {"GeT a", COMMAND_FOUND, "get"},
    {"get", COMMAND_BAD_ARITY, "get"},
    {"get a b", COMMAND_BAD_ARITY, "get"},
    {"del a b c d e", COMMAND_FOUND, "del"},
    {"del", COMMAND_BAD_ARITY, "del"},
    {"Georadiusbymember_RO a b c d e", COMMAND_FOUND, "georadiusbymember_ro"},
    {"restore-asking a b c", COMMAND_FOUND, "restore-asking"},
    {"restore_asking a b c", COMMAND_UNKNOWN, NULL},
    {"eval\x7fro a b", COMMAND_UNKNOWN, NULL},
    {"g\xc5t a", COMMAND_UNKNOWN, NULL},
    {"ge a", COMMAND_UNKNOWN, NULL},
    {"gett a", COMMAND_UNKNOWN, NULL},
    {"'' a", COMMAND_UNKNOWN, NULL},
    {"a-name-that-is-longer-than-any-command-ever a", COMMAND_UNKNOWN, NULL},
    {"config get a", COMMAND_FOUND, "config get"},
    {"Config GET a", COMMAND_FOUND, "config get"},
    {"config get", COMMAND_BAD_ARITY, "config get"},
    {"config", COMMAND_BAD_ARITY, "config"},
    {"config nosuch", COMMAND_UNKNOWN_SUBCOMMAND, "config"},
    {"config getx a", COMMAND_UNKNOWN_SUBCOMMAND, "config"},
    {"config setslot a", COMMAND_UNKNOWN_SUBCOMMAND, "config"},
    {"config '' a", COMMAND_UNKNOWN_SUBCOMMAND, "config"},
    {"config|get a", COMMAND_UNKNOWN, NULL},
    {"cluster count-failure-reports a", COMMAND_FOUND, "cluster count-failure-reports"},
    {"command", COMMAND_FOUND, "command"},
    {"command info", COMMAND_FOUND, "command info"},
    {"command nosuch", COMMAND_UNKNOWN_SUBCOMMAND, "command"},
    {"mset a 1", COMMAND_FOUND, "mset"},
    {"mset a 1 b", COMMAND_BAD_ARITY, "mset"},
    {"msetnx a 1 b", COMMAND_BAD_ARITY, "msetnx"},
    {"msetnx a 1 b 2", COMMAND_FOUND, "msetnx"},
    {"xadd s * a", COMMAND_BAD_ARITY, "xadd"},
};

Test(command_find, tells_what_a_request_is)
{
    for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
        const struct command *command = command_by_id(COMMAND_ID_ACL);
        struct words words;
        words_init(&words, lookups[i].request);
        cr_expect_eq(command_find(&words.arguments, &command), lookups[i].result, "%s",
                     lookups[i].request);
        if (lookups[i].name == NULL) {
            cr_expect_null(command, "%s", lookups[i].request);
        } else {
            cr_assert_not_null(command, "%s", lookups[i].request);
            cr_expect_str_eq(command->name, lookups[i].name, "%s", lookups[i].request);
        }
    }
}

Test(command_find, takes_a_zero_byte_for_a_byte_like_any_other)
{
    struct span items[] = {SPAN("get\0"), SPAN("a")};
    struct arguments arguments = {.items = items, .count = 2};
    const struct command *command;

    cr_expect_eq(command_find(&arguments, &command), COMMAND_UNKNOWN);
}

Test(command_by_name, is_null_for_what_is_no_command)
{
    static const char *const names[] = {
        "", "|", "get|", "get get", "config|", "config|get|x", "config||get", " get"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cr_expect_null(command_by_name(span_of(names[i])), "%s", names[i]);
    }
}

static const char *error_of(struct span *items, uint32_t count, char *text, size_t size)
{
    struct arguments arguments = {.items = items, .count = count};
    const struct command *command;
    enum command_result result = command_find(&arguments, &command);

    return command_error(result, command, &arguments, text, size);
}

Test(command_error, is_one_line_and_else_says_back_what_was_said_as_redis_does)
{
    struct span items[] = {SPAN("f\to\ro\n"), SPAN("\x1b[31m"), SPAN("\xc3\xa9\x7f"), SPAN("a\0b")};
    char text[256];

    cr_expect_str_eq(error_of(items, 4, text, sizeof text),
                     "ERR unknown command 'f\to o ', with args beginning with: "
                     "'\x1b[31m' '\xc3\xa9\x7f' 'a' ");
}

Test(command_error, ends_where_the_room_ends)
{
    struct span items[] = {SPAN("config"), SPAN("nosuch")};
    char text[64];

    for (size_t size = 1; size < sizeof text; size++) {
        memset(text, '#', sizeof text);
        (void)error_of(items, 2, text, size);
        cr_expect_eq(strnlen(text, sizeof text), size_min(size - 1, 49), "size %zu", size);
        cr_expect_eq(text[size], '#', "size %zu", size);
        cr_expect_eq(
            strncmp(text, "ERR unknown subcommand 'nosuch'. Try CONFIG HELP.", strlen(text)), 0,
            "%s", text);
    }
}
