#include "proxy/command/command_kind.h"

#include <criterion/criterion.h>

static const struct {
    const char *command;
    const char *kind;
} rows[] = {
    {"get", "read"},
    {"mget", "read"},
    {"keys", "read"},
    {"set", "write"},
    {"del", "write"},
    {"flushall", "write"},
    {"blpop", "blocking"},
    {"xread", "blocking"},
    {"wait", "blocking"},
    {"eval", "script"},
    {"fcall_ro", "script"},
    {"multi", "transaction"},
    {"exec", "transaction"},
    {"watch", "transaction"},
    {"publish", "pubsub"},
    {"subscribe", "pubsub"},
    {"ping", "admin"},
    {"client list", "admin"},
    {"cluster slots", "admin"},
    {"proxy stats", "admin"},
};

Test(command_kind, each_command_is_of_the_first_kind_that_fits)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct command *command = command_by_name(span_of(rows[i].command));

        cr_assert_not_null(command, "%s", rows[i].command);
        cr_expect_str_eq(command_kind_names()[command_kind(command)], rows[i].kind, "%s is %s",
                         rows[i].command, command_kind_names()[command_kind(command)]);
    }
}

Test(command_kind, names_are_labels)
{
    for (int kind = 0; kind < COMMAND_KIND_COUNT; kind++) {
        const char *name = command_kind_names()[kind];

        cr_expect_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz"), strlen(name), "%s", name);
    }
}
