#include "proxy/command/command_table.h"

#include <stdlib.h>

#include "common/check.h"
#include "proxy/command/command_table_parts.h"

enum { HASH_FIRST = 0x811c9dc5, HASH_FACTOR = 0x01000193 };

static void name_add(struct folded_name *name, struct span word)
{
    uint32_t hash = name->hash;
    char *to = name->text + name->size;

    if (word.size > COMMAND_NAME_MAX - size_min(name->size, COMMAND_NAME_MAX)) {
        name->size = COMMAND_NAME_MAX + 1;
        return;
    }
    for (size_t i = 0; i < word.size; i++) {
        unsigned char byte = (unsigned char)word.at[i];
        byte = byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte - 'A' + 'a') : byte;
        to[i] = (char)byte;
        hash = (hash ^ byte) * HASH_FACTOR;
    }
    name->size += word.size;
    name->hash = hash;
}

void table_fold(struct folded_name *name, struct span first, const struct span *second)
{
    name->size = 0;
    name->hash = HASH_FIRST;
    name_add(name, first);
    if (second != NULL) {
        name_add(name, SPAN(" "));
        name_add(name, *second);
    }
    name->hash ^= name->hash >> 15;
}

struct table_entry *table_entry(const struct command_table *table, const struct folded_name *name)
{
    const struct command_table_parts *parts = table->parts;
    uint32_t at = name->hash & parts->slot_mask;

    for (; parts->slots[at] != 0; at = (at + 1) & parts->slot_mask) {
        struct table_entry *entry = &parts->entries[parts->slots[at] - 1];
        if (entry->name_size == name->size &&
            memcmp(entry->command->name, name->text, name->size) == 0) {
            return entry;
        }
    }
    return NULL;
}

static const struct table_entry *table_look_up(const struct command_table *table, struct span first,
                                               const struct span *second)
{
    struct folded_name name;

    table_fold(&name, first, second);
    return name.size > COMMAND_NAME_MAX ? NULL : table_entry(table, &name);
}

struct command_table *command_table_take(struct command_table *table)
{
    if (table != NULL) {
        atomic_fetch_add_explicit(&table->parts->references, 1, memory_order_relaxed);
    }
    return table;
}

void command_table_release(struct command_table **table)
{
    struct command_table *gone = *table;

    *table = NULL;
    if (gone == NULL ||
        atomic_fetch_sub_explicit(&gone->parts->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    free(gone->parts->entries);
    free(gone->parts->slots);
    free(gone->parts->rows);
    free(gone->parts);
    free(gone);
}

bool command_table_equal(const struct command_table *a, const struct command_table *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (a->parts->count != b->parts->count ||
        memcmp(a->parts->denied, b->parts->denied, sizeof a->parts->denied) != 0) {
        return false;
    }
    for (size_t i = 0; i < a->parts->count; i++) {
        if (a->parts->entries[i].command != b->parts->entries[i].command ||
            a->parts->entries[i].is_denied != b->parts->entries[i].is_denied) {
            return false;
        }
    }
    return true;
}

size_t command_table_learned(const struct command_table *table)
{
    return table == NULL ? 0 : table->parts->count;
}

static enum command_result judge_entry(const struct table_entry *entry,
                                       const struct arguments *arguments,
                                       const struct command **command)
{
    *command = entry->command;
    if (entry->is_denied) {
        return COMMAND_DENIED;
    }
    return command_arity_fits(entry->command, arguments->count) ? COMMAND_FOUND : COMMAND_BAD_ARITY;
}

/* The subcommand of a container of either kind. */
static enum command_result table_find_below(const struct command_table *table,
                                            const struct arguments *arguments,
                                            const struct command **command)
{
    const struct table_entry *entry =
        table_look_up(table, arguments->items[0], &arguments->items[1]);

    return entry == NULL ? COMMAND_UNKNOWN_SUBCOMMAND : judge_entry(entry, arguments, command);
}

static enum command_result table_find_learned(const struct command_table *table,
                                              const struct arguments *arguments,
                                              const struct command **command)
{
    const struct table_entry *entry = table_look_up(table, arguments->items[0], NULL);

    if (entry == NULL) {
        return COMMAND_UNKNOWN;
    }
    bool is_container = entry->command->class == COMMAND_CLASS_CONTAINER && arguments->count > 1;
    if (!is_container || entry->is_denied) {
        return judge_entry(entry, arguments, command);
    }
    *command = entry->command;
    return table_find_below(table, arguments, command);
}

enum command_result command_table_judge(const struct command_table *table,
                                        const struct arguments *arguments,
                                        const struct command **command, enum command_result result)
{
    if (*command != NULL && table->parts->denied[(*command)->id]) {
        return COMMAND_DENIED;
    }
    switch (result) {
    case COMMAND_UNKNOWN: return table_find_learned(table, arguments, command);
    case COMMAND_UNKNOWN_SUBCOMMAND: return table_find_below(table, arguments, command);
    case COMMAND_FOUND:
    case COMMAND_BAD_ARITY:
    case COMMAND_DENIED: return result;
    }
    return result;
}

/* "foo bar" or "foo|bar" in two; false for a name of one word. */
static bool name_part(struct span name, struct span *first, struct span *second)
{
    size_t size = 0;

    while (size < name.size && name.at[size] != ' ' && name.at[size] != '|') {
        size++;
    }
    *first = (struct span){name.at, size};
    if (size == name.size) {
        return false;
    }
    *second = (struct span){name.at + size + 1, name.size - size - 1};
    return true;
}

const struct command *command_table_by_name(const struct command_table *table, struct span name)
{
    const struct command *built_in = command_by_name(name);
    struct span first, second;

    if (table == NULL) {
        return built_in;
    }
    if (built_in != NULL) {
        return table->parts->denied[built_in->id] ? NULL : built_in;
    }
    bool has_parts = name_part(name, &first, &second);
    const struct table_entry *entry = table_look_up(table, first, has_parts ? &second : NULL);
    return entry == NULL || entry->is_denied ? NULL : entry->command;
}

static bool is_below(const struct command *command, const struct command *container)
{
    size_t size = strlen(container->name);

    return strncmp(command->name, container->name, size) == 0 && command->name[size] == ' ';
}

/* The first learned entry whose name is not before `name` and a blank. */
static size_t first_below(const struct command_table *table, const struct command *container)
{
    size_t from = 0;
    size_t size = strlen(container->name);

    for (size_t rest = table->parts->count; rest > 0;) {
        size_t half = rest / 2;
        const char *name = table->parts->entries[from + half].command->name;
        int order = strncmp(name, container->name, size);
        bool is_before = order < 0 || (order == 0 && (unsigned char)name[size] < ' ');
        from = is_before ? from + half + 1 : from;
        rest = is_before ? rest - half - 1 : half;
    }
    return from;
}

/* Where the next one of them may stand. Rows of commands.def are sorted: subcommands stand right
 * behind their container, and learned ones in one place, too. */
static size_t place_below(const struct command_table *table, const struct command *container,
                          size_t at)
{
    size_t next = at == 0 && container->id < COMMAND_COUNT ? (size_t)container->id + 1 : at;

    if (next > COMMAND_COUNT) {
        return next;
    }
    if (next > 0 && next < COMMAND_COUNT &&
        is_below(command_by_id((enum command_id)next), container)) {
        return next;
    }
    return COMMAND_COUNT + (table == NULL ? 0 : first_below(table, container));
}

static const struct command *row_at(const struct command_table *table, size_t at)
{
    if (at < COMMAND_COUNT) {
        return command_by_id((enum command_id)at);
    }
    bool is_there = table != NULL && at - COMMAND_COUNT < table->parts->count;
    return is_there ? table->parts->entries[at - COMMAND_COUNT].command : NULL;
}

static bool is_denied_at(const struct command_table *table, size_t at)
{
    if (table == NULL) {
        return false;
    }
    return at < COMMAND_COUNT ? table->parts->denied[at]
                              : table->parts->entries[at - COMMAND_COUNT].is_denied;
}

const struct command *command_table_next(const struct command_table *table, size_t *at)
{
    const struct command *command;

    while ((command = row_at(table, *at)) != NULL) {
        if (!is_denied_at(table, (*at)++)) {
            return command;
        }
    }
    return NULL;
}

const struct command *command_table_next_below(const struct command_table *table,
                                               const struct command *container, size_t *at)
{
    for (;;) {
        *at = place_below(table, container, *at);

        const struct command *command = row_at(table, *at);

        if (command == NULL || !is_below(command, container)) {
            return NULL;
        }
        if (!is_denied_at(table, (*at)++)) {
            return command;
        }
    }
}
