#include "proxy/command/command_reply.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/command/command_info.h"

static bool is_subcommand(const struct command *command)
{
    return strchr(command->name, ' ') != NULL;
}

static size_t count_subcommands(const struct command_table *table, const struct command *container)
{
    size_t count = 0;

    for (size_t at = 0; command_table_next_below(table, container, &at) != NULL;) {
        count++;
    }
    return count;
}

static void write_element(struct sendq *to, const struct command *command, size_t subcommands)
{
    resp_write_array(to, COMMAND_INFO_FIELDS + 1);
    command_write_info(to, command);
    if (subcommands > 0) {
        resp_write_array(to, subcommands);
    } else {
        resp_write_set(to, 0); /* as a server has it, whatever its reason */
    }
}

void command_reply_info(struct sendq *to, const struct command_table *table,
                        const struct command *command)
{
    const struct command *each;

    if (command == NULL) {
        resp_write_null(to);
        return;
    }
    if (is_subcommand(command)) {
        write_element(to, command, 0);
        return;
    }

    write_element(to, command, count_subcommands(table, command));
    for (size_t at = 0; (each = command_table_next_below(table, command, &at)) != NULL;) {
        write_element(to, each, 0);
    }
}

static size_t listed_count(const struct command_table *table)
{
    const struct command *command;
    size_t count = 0;

    for (size_t at = 0; (command = command_table_next(table, &at)) != NULL;) {
        count += is_subcommand(command) ? 0 : 1;
    }
    return count;
}

void command_reply_all(struct sendq *to, const struct command_table *table)
{
    const struct command *command;

    resp_write_array(to, listed_count(table));
    for (size_t at = 0; (command = command_table_next(table, &at)) != NULL;) {
        if (!is_subcommand(command)) {
            command_reply_info(to, table, command);
        }
    }
}

void command_reply_count(struct sendq *to, const struct command_table *table)
{
    resp_write_integer(to, (int64_t)listed_count(table));
}

static bool in_category(const struct command *command, struct span category)
{
    const char *at = command->groups;

    while (*at == '@') {
        size_t size = strcspn(++at, ",");
        if (span_equal_nocase((struct span){at, size}, category)) {
            return true;
        }
        at += size + (at[size] == ',' ? 1 : 0);
    }
    return false;
}

/* The pattern is matched against the name on the wire. */
static bool name_matches(const struct command *command, struct span pattern)
{
    char name[COMMAND_NAME_MAX + 1];

    return span_glob(pattern, span_of(command_wire_name(command, name)));
}

static bool is_let_through(const struct command *command, enum command_filter filter,
                           struct span word)
{
    switch (filter) {
    case COMMAND_FILTER_NONE: return true;
    case COMMAND_FILTER_MODULE: return false; /* no row says which module it comes from */
    case COMMAND_FILTER_CATEGORY: return in_category(command, word);
    case COMMAND_FILTER_PATTERN: return name_matches(command, word);
    }
    return false;
}

/* Names are matched in any case: theirs is lower. */
static char *lower_copy(struct span word)
{
    char *copy = memory_copy(word.at, word.size);

    for (size_t i = 0; i < word.size; i++) {
        copy[i] = (char)(copy[i] >= 'A' && copy[i] <= 'Z' ? copy[i] - 'A' + 'a' : copy[i]);
    }
    return copy;
}

/* The names that are let through, or only how many they are. */
static size_t list_names(struct sendq *to, const struct command_table *table,
                         enum command_filter filter, struct span word)
{
    const struct command *command;
    size_t count = 0;

    for (size_t at = 0; (command = command_table_next(table, &at)) != NULL;) {
        if (!is_let_through(command, filter, word)) {
            continue;
        }
        count++;
        if (to != NULL) {
            command_write_name(to, command);
        }
    }
    return count;
}

void command_reply_list(struct sendq *to, const struct command_table *table,
                        enum command_filter filter, struct span word)
{
    char *lower = lower_copy(word);
    struct span wanted = {lower, word.size};

    resp_write_array(to, list_names(NULL, table, filter, wanted));
    list_names(to, table, filter, wanted);
    free(lower);
}
