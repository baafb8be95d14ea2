#include "config/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/config_text.h"
#include "config/expand.h"
#include "config/option_value.h"
#include "config/yaml.h"

/* Walks the entries once, from front to back. */
struct file_walk {
    struct draft *draft;
    const char *name;
    struct yaml_entries entries;
    enum option_scope scope;
    size_t pool;
    size_t prefix; /* bytes of "pools[N]." in front of a path */
};

static char *walk_place(const struct file_walk *walk, struct yaml_place place)
{
    return memory_print("%s:%zu:%zu", walk->name, place.line, place.column);
}

static void walk_refuse_kind(struct file_walk *walk, const struct yaml_entry *entry,
                             const char *expected)
{
    char *place = walk_place(walk, entry->place);

    config_errors_add(walk->draft->errors, place, "wrong type for '%s', %s, expected %s",
                      *entry->path == '\0' ? "the file" : entry->path, yaml_kind_text(entry->kind),
                      expected);
    free(place);
}

/* To YAML, "{password:hush}" is one key and no value: what is behind the colon is not shown. */
static bool walk_refuse_glued(struct file_walk *walk, const struct yaml_entry *entry,
                              const char *place)
{
    const char *name = entry->key + (entry->key[0] == '\'');
    const char *colon = strchr(name, ':');

    if (colon == NULL || entry->kind != YAML_NULL) {
        return false;
    }
    config_errors_add(walk->draft->errors, place,
                      "no blank behind a colon, '%.*s%.*s:', expected \"name: value\"",
                      (int)(entry->key - entry->path), entry->path, (int)(colon - name), name);
    return true;
}

static void walk_refuse_key(struct file_walk *walk, const struct yaml_entry *entry)
{
    char *place = walk_place(walk, entry->key_place);

    if (walk_refuse_glued(walk, entry, place)) {
        free(place);
        return;
    }
    char *suggestion = option_suggest(walk->scope, entry->path + walk->prefix, entry->key);

    config_errors_add(walk->draft->errors, place, "unknown key, '%s', %s", entry->path, suggestion);
    free(suggestion);
    free(place);
}

/* Users as for walk_expand: what was a secret is none any more. */
static char *walk_expand_users(struct file_walk *walk, struct draft_field field,
                               const struct yaml_entry *entry)
{
    char *problem = NULL;
    char *text = user_rules_expand(entry->value, &problem);

    if (text == NULL) {
        char *place = walk_place(walk, entry->place);

        draft_refuse(field, place, "bad user for '%s', %s", field.row->path, problem);
        free(place);
        free(problem);
    }
    return text;
}

/* The text with its variables filled in, or NULL and an error. */
static char *walk_expand(struct file_walk *walk, struct draft_field field,
                         const struct yaml_entry *entry)
{
    if (field.row->type == OPTION_USERS) {
        return walk_expand_users(walk, field, entry);
    }

    char *text = NULL;
    const char *what = NULL;
    const char *expected = NULL;

    switch (expand(entry->value, &text)) {
    case EXPAND_OK: return text;
    case EXPAND_UNSET:
        what = "variable is not set";
        expected = "it in the environment, or \"$${\" for a literal \"${\"";
        break;
    case EXPAND_BAD_FORM:
        what = "bad variable";
        expected = "\"${NAME}\", or \"$${\" for a literal \"${\"";
        break;
    case EXPAND_TOO_LONG:
        what = "variable is too long";
        expected = "a shorter value";
        break;
    }
    char *place = walk_place(walk, entry->place);
    char *name = text == NULL ? memory_print("%s", "")
                              : memory_print(", '%.*s'", CONFIG_ERROR_VALUE_BYTES, text);
    draft_refuse(field, place, "%s for '%s'%s, expected %s", what, field.row->path, name, expected);
    free(place);
    free(name);
    free(text);
    return NULL;
}

typedef void set_fn(struct draft_field field, struct draft_origin origin, const char *text);

static void walk_set(struct file_walk *walk, struct draft_field field,
                     const struct yaml_entry *entry, set_fn *set)
{
    char *text = walk_expand(walk, field, entry);

    if (text == NULL) {
        return;
    }
    char *place = walk_place(walk, entry->place);
    set(field, (struct draft_origin){DRAFT_FILE, place}, text);
    free(place);
    free(text);
}

static const char *item_text(const struct option_row *row)
{
    if (row->type == OPTION_COMMAND_RULES) {
        return "NAME=RULE";
    }
    if (row->type == OPTION_USERS) {
        return "NAME and ACL rules";
    }
    return row->type == OPTION_ADDRESSES ? "an address" : "FROM=TO";
}

/* Key and value of a mapping as one item of a list: "keys: deny" is "keys=deny", "alice: on" is
 * "user alice on". */
static void walk_pair(struct file_walk *walk, struct draft_field field,
                      const struct yaml_entry *entry)
{
    size_t quote = entry->key[0] == '\'' ? 1 : 0;
    bool is_user = field.row->type == OPTION_USERS;
    char *pair =
        memory_print("%s%.*s%s%s", is_user ? "user " : "", (int)(strlen(entry->key) - 2 * quote),
                     entry->key + quote, is_user ? " " : "=", entry->value);
    struct yaml_entry item = *entry;

    item.value = pair;
    walk_set(walk, field, &item, draft_append);
    free(pair);
}

static void walk_pairs(struct file_walk *walk, struct draft_field field, size_t at)
{
    size_t end = yaml_skip(&walk->entries, at);

    for (size_t item = at + 1; item < end; item = yaml_skip(&walk->entries, item)) {
        const struct yaml_entry *entry = &walk->entries.items[item];
        if (entry->kind == YAML_SCALAR) {
            walk_pair(walk, field, entry);
        } else {
            walk_refuse_kind(walk, entry,
                             field.row->type == OPTION_USERS ? "rules" : "a rule, as deny");
            draft_place(field)->is_bad = true;
        }
    }
}

static void walk_begin_list(struct file_walk *walk, struct draft_field field, size_t at)
{
    char *place = walk_place(walk, walk->entries.items[at].place);

    draft_begin_list(field, (struct draft_origin){DRAFT_FILE, place});
    free(place);
}

static void walk_list(struct file_walk *walk, struct draft_field field, size_t at)
{
    const struct option_row *row = field.row;
    size_t end = yaml_skip(&walk->entries, at);

    walk_begin_list(walk, field, at);
    for (size_t item = at + 1; item < end; item = yaml_skip(&walk->entries, item)) {
        const struct yaml_entry *entry = &walk->entries.items[item];
        if (entry->kind == YAML_SCALAR) {
            walk_set(walk, field, entry, draft_append);
        } else if (entry->kind == YAML_MAPPING && row->type == OPTION_USERS) {
            walk_pairs(walk, field, item);
        } else {
            walk_refuse_kind(walk, entry, item_text(row));
            draft_place(field)->is_bad = true;
        }
    }
}

static void walk_option(struct file_walk *walk, const struct option_row *row, size_t at)
{
    const struct yaml_entry *entry = &walk->entries.items[at];
    struct draft_field field = {walk->draft, row, walk->pool};

    switch (entry->kind) {
    case YAML_NULL: return;
    case YAML_SCALAR: walk_set(walk, field, entry, draft_set); return;
    case YAML_LIST:
        if (option_is_list(row)) {
            walk_list(walk, field, at);
            return;
        }
        break;
    case YAML_MAPPING:
        if (row->type == OPTION_COMMAND_RULES || row->type == OPTION_USERS) {
            walk_begin_list(walk, field, at);
            walk_pairs(walk, field, at);
            return;
        }
        break;
    }
    walk_refuse_kind(walk, entry, option_is_list(row) ? "a list" : "a single value");
    draft_place(field)->is_bad = true;
}

/* One key of the file or of a pool; returns the entry to go on with. */
static size_t walk_key(struct file_walk *walk, size_t at)
{
    const struct yaml_entry *entry = &walk->entries.items[at];
    const char *path = entry->path + walk->prefix;
    const struct option_row *row = option_row_find(walk->scope, path);

    if (row != NULL) {
        walk_option(walk, row, at);
        return yaml_skip(&walk->entries, at);
    }
    if (!option_is_section(walk->scope, path)) {
        walk_refuse_key(walk, entry);
        return yaml_skip(&walk->entries, at);
    }
    if (entry->kind == YAML_MAPPING || entry->kind == YAML_NULL) {
        return at + 1;
    }
    walk_refuse_kind(walk, entry, "a mapping");
    return yaml_skip(&walk->entries, at);
}

static void walk_pool(struct file_walk *walk, size_t at)
{
    const struct yaml_entry *entry = &walk->entries.items[at];
    size_t end = yaml_skip(&walk->entries, at);

    if (entry->kind != YAML_MAPPING) {
        walk_refuse_kind(walk, entry, "a mapping");
        walk->draft->pools_are_unknown = true;
        return;
    }
    char *place = walk_place(walk, entry->place);
    walk->pool = walk->draft->config->pool_count;
    draft_add_pool(walk->draft, place);
    free(place);

    walk->scope = OPTION_POOL;
    walk->prefix = strlen(entry->path) + 1;
    for (size_t key = at + 1; key < end;) {
        key = walk_key(walk, key);
    }
    walk->scope = OPTION_GLOBAL;
    walk->prefix = 0;
}

static void walk_pools(struct file_walk *walk, size_t at)
{
    const struct yaml_entry *entry = &walk->entries.items[at];
    size_t end = yaml_skip(&walk->entries, at);

    if (entry->kind == YAML_NULL) {
        return;
    }
    if (entry->kind != YAML_LIST || end == at + 1) {
        walk_refuse_kind(walk, entry, "a list of at least one mapping");
        walk->draft->pools_are_unknown = true;
        return;
    }
    for (size_t item = at + 1; item < end; item = yaml_skip(&walk->entries, item)) {
        walk_pool(walk, item);
    }
}

static void walk_file(struct file_walk *walk)
{
    const struct yaml_entry *root = walk->entries.items;

    if (walk->entries.count == 0 || root->kind == YAML_NULL) {
        return;
    }
    if (root->kind != YAML_MAPPING) {
        walk_refuse_kind(walk, root, "a mapping");
        walk->draft->pools_are_unknown = true;
        return;
    }
    for (size_t at = 1; at < walk->entries.count;) {
        if (strcmp(walk->entries.items[at].path, "pools") == 0) {
            walk_pools(walk, at);
            at = yaml_skip(&walk->entries, at);
        } else {
            at = walk_key(walk, at);
        }
    }
}

void config_file_load(struct draft *draft, const char *path)
{
    struct file_walk walk = {.draft = draft, .name = path, .scope = OPTION_GLOBAL};
    char *buffer = memory_raw(CONFIG_TEXT_BYTES);
    size_t size = 0;

    if (!config_text_read(path, buffer, &size)) {
        config_errors_add(draft->errors, path, "cannot be read, %s, expected a YAML file",
                          strerror(errno));
        draft->pools_are_unknown = true;
    } else if (yaml_read(path, (struct span){buffer, size}, &walk.entries, draft->errors)) {
        walk_file(&walk);
    } else {
        draft->pools_are_unknown = true;
    }
    yaml_entries_clear(&walk.entries);
    free(buffer);
}
