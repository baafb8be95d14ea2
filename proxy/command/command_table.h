/* command_table.h - the commands of one cluster.
 *
 *      commands.def ──────────────> by name, as fast as ever
 *      what its nodes told ─┐            │ not there, or something is denied
 *      what the config says ┴──────> learned: a second look-up
 *
 * Immutable once made; every reader holds one reference, and the last command_table_release() frees
 * it. Its rows stay: a request may keep its row for longer than the table. In all functions NULL
 * is a table of commands.def alone. Any thread.
 */
#ifndef PROXY_COMMAND_COMMAND_TABLE_H
#define PROXY_COMMAND_COMMAND_TABLE_H

#include "config/command_rules.h"
#include "proxy/command/command.h"

struct command_table_parts;

struct command_table {
    bool denies_rows; /* any of commands.def */
    struct command_table_parts *parts;
};

/* A table with one reference, of `count` kept rows (command_rows.h), of which a later one replaces
 * an earlier one of its name, and of `rules`, which win over both. Rows whose name commands.def
 * has are left out: what it says is known to be right. */
struct command_table *command_table_new(const struct command *const *rows, size_t count,
                                        const struct command_rules *rules) MUST_USE;

/* A table of the rows that `table` was made of, and of other rules. */
struct command_table *command_table_again(const struct command_table *table,
                                          const struct command_rules *rules) MUST_USE;

/* For a message to the operator: the rule at *at or behind it that has no effect, because it tells
 * facts of a command that commands.def has; NULL at the end. *at starts at 0. */
const struct command_rule *command_table_idle_rule(const struct command_rules *rules, size_t *at);

struct command_table *command_table_take(struct command_table *table);
void command_table_release(struct command_table **table);

/* Do they let through and refuse the same, with the same rows? */
bool command_table_equal(const struct command_table *a, const struct command_table *b);

/* How many commands it has beyond commands.def. */
size_t command_table_learned(const struct command_table *table);

/* Of what command_find alone does not decide, its result and *command as it left them. */
enum command_result command_table_judge(const struct command_table *table,
                                        const struct arguments *arguments,
                                        const struct command **command,
                                        enum command_result result) MUST_USE;

/* As command_find. DENIED, with a row, for what the configuration denies. */
static inline enum command_result command_table_find(const struct command_table *table,
                                                     const struct arguments *arguments,
                                                     const struct command **command)
{
    enum command_result result = command_find(arguments, command);

    if (table == NULL || (likely(result == COMMAND_FOUND) && likely(!table->denies_rows))) {
        return result;
    }
    return command_table_judge(table, arguments, command, result);
}

/* As command_by_name; NULL also for what is denied. */
const struct command *command_table_by_name(const struct command_table *table, struct span name);

/* One row after the other, without the denied ones; NULL at the end. *at starts at 0. */
const struct command *command_table_next(const struct command_table *table, size_t *at);

/* Likewise, the subcommands of `container` only. */
const struct command *command_table_next_below(const struct command_table *table,
                                               const struct command *container, size_t *at);

#endif
