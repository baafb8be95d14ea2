#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "proxy/command/command_class.h"
#include "proxy/command/command_rows.h"
#include "proxy/command/command_table_parts.h"

enum { SLOTS_FIRST = 16 };

static int compare_entries(const void *a, const void *b)
{
    const struct table_entry *one = a;
    const struct table_entry *other = b;
    int order = strcmp(one->command->name, other->command->name);

    return order != 0 ? order : one->order < other->order ? -1 : 1;
}

/* Sorts what was added and keeps the last one of each name. */
static void table_sort(struct command_table *table)
{
    size_t kept = 0;

    if (table->parts->count == 0) {
        return;
    }
    qsort(table->parts->entries, table->parts->count, sizeof *table->parts->entries,
          compare_entries);
    for (size_t i = 1; i < table->parts->count; i++) {
        const char *name = table->parts->entries[kept].command->name;
        kept += strcmp(name, table->parts->entries[i].command->name) == 0 ? 0 : 1;
        table->parts->entries[kept] = table->parts->entries[i];
    }
    table->parts->count = kept + 1;
}

/* Less than half full. */
static void table_index(struct command_table *table)
{
    uint32_t slots = SLOTS_FIRST;

    while (slots <= 2 * table->parts->count) {
        slots *= 2;
    }
    free(table->parts->slots);
    table->parts->slots = memory_new(slots, sizeof *table->parts->slots);
    table->parts->slot_mask = slots - 1;
    for (size_t i = 0; i < table->parts->count; i++) {
        struct folded_name name;
        table_fold(&name, span_of(table->parts->entries[i].command->name), NULL);
        uint32_t at = name.hash & table->parts->slot_mask;
        while (table->parts->slots[at] != 0) {
            at = (at + 1) & table->parts->slot_mask;
        }
        table->parts->slots[at] = (uint32_t)i + 1;
    }
}

static struct table_entry *table_add(struct command_table *table, const struct command *row)
{
    table->parts->entries = memory_resize(table->parts->entries, table->parts->count + 1,
                                          sizeof *table->parts->entries);
    struct table_entry *entry = &table->parts->entries[table->parts->count];
    *entry = (struct table_entry){
        .command = row, .name_size = strlen(row->name), .order = table->parts->added++};
    table->parts->count++;
    return entry;
}

static struct span first_word(const char *name)
{
    return (struct span){name, strcspn(name, " ")};
}

/* Is the row's name free, and its container, where it has one, a command with subcommands? */
static bool name_is_free(const char *name)
{
    const struct command *container =
        table_is_subcommand(name) ? command_by_name(first_word(name)) : NULL;

    return command_by_name(span_of(name)) == NULL &&
           (container == NULL || container->has_subcommands);
}

static void table_deny_row(struct command_table *table, const struct command *command)
{
    table->denies_rows = true;
    table->parts->denied[command->id] = true;
    if (!command->has_subcommands) {
        return;
    }
    for (enum command_id id = command->id + 1;
         id < COMMAND_COUNT && table_is_subcommand(command_by_id(id)->name); id++) {
        table->parts->denied[id] = true;
    }
}

/* As many words as it takes for the name and the first key. */
static int16_t arity_by_rule(const struct command_rule *rule)
{
    int words = table_is_subcommand(rule->name) ? 2 : 1;

    return (int16_t)(rule->first < words ? -words : -(rule->first + 1));
}

/* What is known so far, with the rule's own facts; all that a rule leaves open is open. */
static const struct command *row_by_rule(const struct command *known,
                                         const struct command_rule *rule)
{
    const struct command nothing = {.groups = "", .arity = arity_by_rule(rule)};
    static const uint32_t replaced =
        COMMAND_WRITE | COMMAND_READONLY | COMMAND_ADMIN | COMMAND_MOVABLEKEYS;
    struct command facts = known == NULL ? nothing : *known;

    facts.name = rule->name;
    facts.class = COMMAND_CLASS_UNCLEAR;
    if (rule->kind == COMMAND_RULE_DENY) {
        return command_row_keep(&facts);
    }
    facts.flags &= ~replaced;
    facts.flags |= rule->kind == COMMAND_RULE_WRITE ? COMMAND_WRITE : COMMAND_READONLY;
    facts.request = TO_DEFAULT;
    facts.reply = REPLY_DEFAULT;
    facts.key_spec_count = rule->first != 0 ? 1 : 0;
    facts.keys[0] = (struct key_spec){
        .begin = KEY_BEGIN_INDEX,
        .index = rule->first,
        .find = KEY_FIND_RANGE,
        .last = (int16_t)(rule->last < 0 ? rule->last : rule->last - rule->first),
        .step = rule->step,
        .flags = rule->kind == COMMAND_RULE_WRITE ? KEY_RW : KEY_RO,
    };
    command_classify(&facts, KEYS_TOLD);
    return command_row_keep(&facts);
}

static struct table_entry *entry_called(const struct command_table *table, struct span name)
{
    struct folded_name folded;

    table_fold(&folded, name, NULL);
    return table_entry(table, &folded);
}

/* Rows may have run out. Those of the rules alone are kept before any node tells of others, so that
 * no rule is without effect. */
static void table_apply_to_learned(struct command_table *table, const struct command_rule *rule)
{
    struct table_entry *entry = entry_called(table, span_of(rule->name));

    if (entry != NULL && rule->kind == COMMAND_RULE_DENY) {
        entry->is_denied = true;
        return;
    }
    const struct command *row = entry == NULL ? NULL : row_by_rule(entry->command, rule);
    if (row == NULL) {
        row = row_by_rule(NULL, rule);
    }
    if (row != NULL) {
        table_add(table, row)->is_denied = rule->kind == COMMAND_RULE_DENY;
    }
}

static void table_apply_rule(struct command_table *table, const struct command_rule *rule)
{
    const struct command *built_in = command_by_name(span_of(rule->name));

    if (built_in != NULL) {
        if (rule->kind == COMMAND_RULE_DENY) {
            table_deny_row(table, built_in);
        }
        return;
    }
    if (!name_is_free(rule->name)) {
        return;
    }
    table_apply_to_learned(table, rule);
}

/* Subcommands are found below their container only: the one of a rule may have none yet. */
static void table_add_container(struct command_table *table, const char *name)
{
    struct span word = first_word(name);
    struct command facts = {.groups = "", .arity = -2, .class = COMMAND_CLASS_CONTAINER};
    char text[COMMAND_NAME_MAX + 1];

    if (!table_is_subcommand(name) || command_by_name(word) != NULL ||
        entry_called(table, word) != NULL) {
        return;
    }
    memcpy(text, word.at, word.size);
    text[word.size] = '\0';
    facts.name = text;
    const struct command *row = command_row_keep(&facts);
    if (row != NULL) {
        table_add(table, row);
    }
}

static void table_finish(struct command_table *table)
{
    table_sort(table);
    table_index(table);
}

static void table_keep_rows(struct command_table *table, const struct command *const *rows,
                            size_t count)
{
    table->parts->rows = memory_new(count + 1, sizeof *table->parts->rows);
    table->parts->row_count = count;
    for (size_t i = 0; i < count; i++) {
        table->parts->rows[i] = rows[i];
    }
}

struct command_table *command_table_new(const struct command *const *rows, size_t count,
                                        const struct command_rules *rules)
{
    struct command_table *table = memory_new(1, sizeof *table);

    table->parts = memory_new(1, sizeof *table->parts);
    atomic_store_explicit(&table->parts->references, 1, memory_order_relaxed);
    table_keep_rows(table, rows, count);
    for (size_t i = 0; i < count; i++) {
        CHECK(rows[i]->id == COMMAND_ID_LEARNED);
        if (name_is_free(rows[i]->name)) {
            table_add(table, rows[i]);
        }
    }
    table_finish(table);
    for (size_t i = 0; i < rules->count; i++) {
        table_apply_rule(table, &rules->items[i]);
    }
    table_finish(table);
    for (size_t i = 0, named = table->parts->count; i < named; i++) {
        table_add_container(table, table->parts->entries[i].command->name);
    }
    table_finish(table);
    return table;
}

struct command_table *command_table_again(const struct command_table *table,
                                          const struct command_rules *rules)
{
    return table == NULL ? command_table_new(NULL, 0, rules)
                         : command_table_new(table->parts->rows, table->parts->row_count, rules);
}

const struct command_rule *command_table_idle_rule(const struct command_rules *rules, size_t *at)
{
    while (*at < rules->count) {
        const struct command_rule *rule = &rules->items[(*at)++];
        if (rule->kind != COMMAND_RULE_DENY && !name_is_free(rule->name)) {
            return rule;
        }
    }
    return NULL;
}
