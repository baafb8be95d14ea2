#include "proxy/acl/acl_commands.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/acl/acl_category.h"
#include "proxy/acl/acl_patterns.h"

void acl_commands_clear(struct acl_selector *selector)
{
    for (size_t i = 0; i < selector->rule_count; i++) {
        free(selector->rules[i].name);
    }
    for (size_t i = 0; i < selector->first_count; i++) {
        free(selector->firsts[i].argument);
    }
    free(selector->rules);
    free(selector->firsts);
    selector->rules = NULL;
    selector->firsts = NULL;
    selector->rule_count = 0;
    selector->first_count = 0;
}

void acl_commands_set_all(struct acl_selector *selector, bool all)
{
    acl_commands_clear(selector);
    memset(selector->commands, all ? 0xff : 0, sizeof selector->commands);
    selector->all_commands = all;
    selector->allows_unknown = all;
}

static void set_bit(struct acl_selector *selector, enum command_id id, bool allows)
{
    uint64_t bit = UINT64_C(1) << (id % 64);

    if (allows) {
        selector->commands[id / 64] |= bit;
    } else {
        selector->commands[id / 64] &= ~bit;
        selector->all_commands = false;
    }
}

static void forget_firsts(struct acl_selector *selector, enum command_id id)
{
    size_t kept = 0;

    for (size_t i = 0; i < selector->first_count; i++) {
        if (selector->firsts[i].id == id) {
            free(selector->firsts[i].argument);
        } else {
            selector->firsts[kept++] = selector->firsts[i];
        }
    }
    selector->first_count = kept;
}

/* A container with all that is below it: its rows follow it. */
static void set_command(struct acl_selector *selector, const struct command *command, bool allows)
{
    size_t at = 0;
    const struct command *below;

    set_bit(selector, command->id, allows);
    forget_firsts(selector, command->id);
    while (command->has_subcommands &&
           (below = command_table_next_below(NULL, command, &at)) != NULL) {
        set_bit(selector, below->id, allows);
    }
}

static void set_category(struct acl_selector *selector, uint64_t bit, bool allows)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id(id);

        if ((acl_category_of(command) & bit) != 0) {
            set_command(selector, command, allows);
        }
    }
    if (!allows) {
        selector->all_commands = false;
    }
}

/* Is `name` what `newer` says something new of: the same, or a subcommand of it? */
static bool is_replaced(const char *name, const char *newer)
{
    size_t size = strlen(newer);

    return strncmp(name, newer, size) == 0 && (name[size] == '\0' || name[size] == '|');
}

/* An earlier rule that no longer matters goes: what is shown does not grow for ever. Takes `name`.
 */
static void keep_rule(struct acl_selector *selector, char *name, bool allows)
{
    size_t kept = 0;

    for (size_t i = 0; i < selector->rule_count; i++) {
        if (is_replaced(selector->rules[i].name, name)) {
            free(selector->rules[i].name);
        } else {
            selector->rules[kept++] = selector->rules[i];
        }
    }
    selector->rules = memory_resize(selector->rules, kept + 1, sizeof *selector->rules);
    selector->rules[kept] = (struct acl_rule){name, allows};
    selector->rule_count = kept + 1;
}

static char *lower_copy(struct span name)
{
    char *copy = memory_copy(name.at, name.size);

    for (size_t i = 0; i < name.size; i++) {
        copy[i] = (char)tolower((unsigned char)copy[i]);
    }
    return copy;
}

static enum acl_problem apply_category(struct acl_selector *selector, struct span name, bool allows)
{
    uint64_t bit = acl_category_find((struct span){name.at + 1, name.size - 1});

    if (bit == 0) {
        return ACL_PROBLEM_UNKNOWN_NAME;
    }
    set_category(selector, bit, allows);
    keep_rule(selector, lower_copy(name), allows);
    return ACL_PROBLEM_NONE;
}

/* "foo|bar" is "foo bar" to those who name commands otherwise. */
static bool is_known_by_rule(const struct command_rules *known, struct span name)
{
    for (size_t i = 0; known != NULL && i < known->count; i++) {
        const char *other = known->items[i].name;
        size_t first = strcspn(other, " ");

        if (span_equal_nocase(name, span_of(other)) ||
            span_equal_nocase(name, (struct span){other, first})) {
            return true;
        }
    }
    return false;
}

/* Modules put a dot into the names of their commands; a name without one is a slip of the pen, and
 * a slip behind a minus would allow what is meant to be forbidden. */
static bool may_be_known_later(struct span name, const struct command_rules *known)
{
    const char *bar = name.size == 0 ? NULL : memchr(name.at, '|', name.size);
    struct span first = {name.at, bar == NULL ? name.size : (size_t)(bar - name.at)};
    const char *dot = first.size == 0 ? NULL : memchr(first.at, '.', first.size);

    return dot != NULL ? first.size > 1 : is_known_by_rule(known, first);
}

static void add_first(struct acl_selector *selector, enum command_id id, struct span argument)
{
    for (size_t i = 0; i < selector->first_count; i++) {
        if (selector->firsts[i].id == id &&
            span_equal_nocase(argument, span_of(selector->firsts[i].argument))) {
            return;
        }
    }
    selector->firsts =
        memory_resize(selector->firsts, selector->first_count + 1, sizeof *selector->firsts);
    selector->firsts[selector->first_count++] =
        (struct acl_first){id, memory_copy(argument.at, argument.size)};
}

static enum acl_problem allow_first(struct acl_selector *selector, const struct command *command,
                                    struct span name, struct span argument)
{
    if (strchr(command->name, ' ') != NULL) {
        return ACL_PROBLEM_FIRST_OF_SUBCOMMAND;
    }
    if (argument.size == 0) {
        return ACL_PROBLEM_SYNTAX;
    }
    if (command->has_subcommands) {
        return ACL_PROBLEM_UNKNOWN_NAME;
    }
    add_first(selector, command->id, argument);
    keep_rule(selector, lower_copy(name), true);
    return ACL_PROBLEM_NONE;
}

/* No command is called `name`: a first argument, a command that is known later, or a mistake. */
static enum acl_problem apply_unknown(struct acl_selector *selector, struct span name, bool allows,
                                      const struct command_rules *known)
{
    const char *bar = name.size == 0 ? NULL : memrchr(name.at, '|', name.size);
    size_t size = bar == NULL ? name.size : (size_t)(bar - name.at);
    const struct command *command =
        bar == NULL || !allows ? NULL : command_by_name((struct span){name.at, size});

    if (command != NULL) {
        return allow_first(selector, command, name, (struct span){bar + 1, name.size - size - 1});
    }
    if (!may_be_known_later(name, known)) {
        return ACL_PROBLEM_UNKNOWN_NAME;
    }
    if (!allows) {
        selector->all_commands = false;
    }
    keep_rule(selector, lower_copy(name), allows);
    return ACL_PROBLEM_NONE;
}

enum acl_problem acl_commands_apply(struct acl_selector *selector, struct span rule,
                                    const struct command_rules *known)
{
    struct span name = {rule.at + 1, rule.size - 1};
    bool allows = rule.at[0] == '+';
    char text[COMMAND_NAME_MAX + 1];

    if (acl_has_blanks(name)) {
        return ACL_PROBLEM_UNKNOWN_NAME;
    }
    if (name.size > 0 && name.at[0] == '@') {
        return apply_category(selector, name, allows);
    }

    const struct command *command = command_by_name(name);

    if (command == NULL) {
        return apply_unknown(selector, name, allows, known);
    }
    set_command(selector, command, allows);
    keep_rule(selector, lower_copy(span_of(command_wire_name(command, text))), allows);
    return ACL_PROBLEM_NONE;
}

/* The first argument behind the name and, where there is one, the subcommand. */
static bool argument_is(const struct command *command, const struct arguments *arguments,
                        struct span word)
{
    uint32_t index = strchr(command->name, ' ') == NULL ? 1 : 2;

    return index < arguments->count && span_equal_nocase(arguments->items[index], word);
}

static bool allows_first(const struct acl_selector *selector, const struct command *command,
                         const struct arguments *arguments)
{
    for (size_t i = 0; i < selector->first_count; i++) {
        if (selector->firsts[i].id == command->id &&
            argument_is(command, arguments, span_of(selector->firsts[i].argument))) {
            return true;
        }
    }
    return false;
}

/* A command that commands.def does not have, as rules see it. */
struct stranger {
    const struct command *command;
    const struct arguments *arguments;
    uint64_t categories;             /* its own, and its container's */
    char name[COMMAND_NAME_MAX + 1]; /* "foo|bar" */
    size_t first;                    /* bytes of "foo" */
};

static void stranger_init(struct stranger *stranger, const struct command_table *table,
                          const struct command *command, const struct arguments *arguments)
{
    const struct command *container = NULL;

    *stranger = (struct stranger){.command = command, .arguments = arguments};
    command_wire_name(command, stranger->name);
    stranger->first = strcspn(stranger->name, "|");
    if (stranger->name[stranger->first] != '\0') {
        container = command_table_by_name(table, (struct span){stranger->name, stranger->first});
    }
    stranger->categories =
        acl_category_of(command) | (container == NULL ? 0 : acl_category_of(container));
}

static bool rule_concerns(const struct acl_rule *rule, const struct stranger *stranger)
{
    struct span whole = span_of(stranger->name);
    struct span name = span_of(rule->name);

    if (rule->name[0] == '@') {
        uint64_t bit = acl_category_find((struct span){name.at + 1, name.size - 1});

        return (bit & stranger->categories) != 0;
    }
    if (span_equal(name, whole) ||
        span_equal(name, (struct span){stranger->name, stranger->first})) {
        return true;
    }
    /* "foo.bar|baz" of a foo.bar without subcommands. Behind a minus, where a server that knows
     * foo.bar sees a mistake, it must not go without effect. */
    return name.size > whole.size && span_starts_with(name, whole) && name.at[whole.size] == '|' &&
           argument_is(stranger->command, stranger->arguments,
                       (struct span){name.at + whole.size + 1, name.size - whole.size - 1});
}

static bool allows_stranger(const struct acl_selector *selector, const struct command_table *table,
                            const struct command *command, const struct arguments *arguments)
{
    struct stranger stranger;
    bool is_allowed = selector->allows_unknown;

    stranger_init(&stranger, table, command, arguments);
    for (size_t i = 0; i < selector->rule_count; i++) {
        if (rule_concerns(&selector->rules[i], &stranger)) {
            is_allowed = selector->rules[i].allows;
        }
    }
    return is_allowed;
}

bool acl_commands_allow(const struct acl_selector *selector, const struct command_table *table,
                        const struct command *command, const struct arguments *arguments)
{
    if ((command->flags & COMMAND_NO_AUTH) != 0) {
        return true;
    }
    if (acl_selector_is_elsewhere(selector)) {
        return false;
    }
    if (selector->all_commands) {
        return true;
    }
    if (command->id == COMMAND_ID_LEARNED) {
        return allows_stranger(selector, table, command, arguments);
    }
    return acl_selector_has(selector, command->id) ||
           (selector->first_count > 0 && allows_first(selector, command, arguments));
}
