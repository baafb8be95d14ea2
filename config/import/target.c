#include "config/import/target.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"
#include "config/option_value.h"
#include "config/quote.h"

void target_init(struct target *target)
{
    *target = (struct target){0};
    draft_init(&target->draft, &target->refused);
}

void target_clear(struct target *target)
{
    draft_drop(&target->draft);
    config_errors_clear(&target->refused);
    config_errors_clear(&target->notes);
}

static char *place_of(const struct tree_node *node)
{
    return memory_print("%s:%zu", node->file, node->line);
}

void target_note(struct target *target, const struct tree_node *node, const char *format, ...)
{
    char *place = place_of(node);
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    config_errors_add(&target->notes, place, "%s", text);
    free(text);
    free(place);
}

void target_add_pool(struct target *target, const struct tree_node *node)
{
    char *place = place_of(node);

    draft_add_pool(&target->draft, place);
    free(place);
}

static struct draft_field field_of(struct target *target, enum option_id id)
{
    size_t pools = target->draft.config->pool_count;

    CHECK(option_rows[id].scope == OPTION_GLOBAL || pools > 0);
    return (struct draft_field){&target->draft, &option_rows[id], pools - 1};
}

/* What the draft has refused is as if it had never been said, and a note. */
static void take_back(struct target *target, struct draft_field field)
{
    struct config_errors *refused = &target->refused;

    if (refused->count == 0) {
        return;
    }
    for (size_t i = 0; i < refused->count; i++) {
        const char *line = refused->lines[i];
        target->notes.lines = memory_resize(target->notes.lines, target->notes.count + 1,
                                            sizeof *target->notes.lines);
        target->notes.lines[target->notes.count++] = memory_copy(line, strlen(line));
    }
    config_errors_clear(refused);
    if (!option_is_list(field.row)) {
        draft_place(field)->source = DRAFT_DEFAULT;
    }
}

void target_set(struct target *target, enum option_id id, const struct tree_node *node,
                const char *text)
{
    struct draft_field field = field_of(target, id);
    char *place = place_of(node);

    draft_set(field, (struct draft_origin){DRAFT_FILE, place}, text);
    take_back(target, field);
    free(place);
}

void target_take(struct target *target, struct tree *tree, size_t parent,
                 const struct target_rule *rules)
{
    for (; rules->path != NULL; rules++) {
        size_t at = tree_find(tree, parent, rules->path);
        const char *value = at == TREE_NONE ? NULL : tree->nodes[at].value;

        if (value == NULL || (rules->nothing != NULL && strcmp(value, rules->nothing) == 0)) {
            continue;
        }
        char *text = memory_print("%s%s", value, rules->unit);
        target_set(target, rules->id, &tree->nodes[at], text);
        free(text);
    }
}

void target_append(struct target *target, enum option_id id, const struct tree_node *node,
                   const char *text)
{
    struct draft_field field = field_of(target, id);
    char *place = place_of(node);

    if (draft_place(field)->source == DRAFT_DEFAULT) {
        draft_begin_list(field, (struct draft_origin){DRAFT_FILE, place});
    }
    draft_append(field, (struct draft_origin){DRAFT_FILE, place}, text);
    take_back(target, field);
    free(place);
}

static const struct target_reason *reason_of(const struct target_reason *reasons, const char *key)
{
    while (reasons->key != NULL && strcmp(reasons->key, key) != 0) {
        reasons++;
    }
    return reasons->key == NULL ? NULL : reasons;
}

static void note_unknown(struct target *target, const struct tree_node *node,
                         const struct target_reason *reasons)
{
    const struct target_reason *reason = reason_of(reasons, node->key);
    const char *name = *node->key == '\0' && node->value != NULL ? node->value : node->key;

    if (reason == NULL) {
        target_note(target, node, "%.*s: has no equivalent", CONFIG_ERROR_VALUE_BYTES, name);
    } else if (reason->text != NULL) {
        target_note(target, node, "%s: %s", reason->key, reason->text);
    }
}

void target_note_rest(struct target *target, struct tree *tree, size_t parent,
                      const struct target_reason *reasons)
{
    for (size_t at = tree_first(tree, parent); at != TREE_NONE; at = tree_next(tree, at)) {
        if (tree->nodes[at].is_seen) {
            target_note_rest(target, tree, at, reasons);
        } else {
            note_unknown(target, &tree->nodes[at], reasons);
            tree_see(tree, at);
        }
    }
}

/* Where the next line goes. */
struct printer {
    FILE *to;
    enum option_scope scope;
    size_t pool;
    bool is_first; /* of a pool */
    struct span section;
};

static void print_indent(struct printer *printer, bool is_inside)
{
    if (printer->scope == OPTION_POOL) {
        fputs(printer->is_first ? "  - " : "    ", printer->to);
        printer->is_first = false;
    }
    fputs(is_inside ? "  " : "", printer->to);
}

/* Secrets too: they stand in the file that this one replaces. */
static void print_value(const struct option_row *row, const void *value, FILE *to)
{
    if (row->type == OPTION_SECRET) {
        quote_print(*(char *const *)value, to);
    } else {
        option_print(row, value, to);
    }
}

static void print_option(struct printer *printer, struct draft_field field)
{
    const char *path = field.row->path;
    const char *dot = strrchr(path, '.');
    struct span section = {path, dot == NULL ? 0 : (size_t)(dot - path)};

    if (!span_equal(section, printer->section) && section.size > 0) {
        print_indent(printer, false);
        fprintf(printer->to, "%.*s:\n", (int)section.size, section.at);
    }
    printer->section = section;
    print_indent(printer, section.size > 0);
    fprintf(printer->to, "%s: ", dot == NULL ? path : dot + 1);
    print_value(field.row, draft_value(field), printer->to);
    fputc('\n', printer->to);
}

static void print_options(struct printer *printer, struct draft *draft)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        struct draft_field field = {draft, &option_rows[i], printer->pool};

        if (field.row->scope == printer->scope && draft_place(field)->source != DRAFT_DEFAULT) {
            print_option(printer, field);
        }
    }
}

/* What is said of a file may be no UTF-8, which YAML has nowhere, not even in a comment. */
static void print_note(const char *line, FILE *to)
{
    fputs("# - ", to);
    for (; *line != '\0'; line++) {
        fputc((unsigned char)*line < 0x80 ? *line : '?', to);
    }
    fputc('\n', to);
}

static void print_notes(const struct config_errors *notes, FILE *to)
{
    if (notes->count == 0) {
        return;
    }
    fputs("# Not carried over, or different in slotway:\n", to);
    for (size_t i = 0; i < notes->count; i++) {
        print_note(notes->lines[i], to);
    }
    fputc('\n', to);
}

void target_print(struct target *target, FILE *to)
{
    print_notes(&target->notes, to);
    print_options(&(struct printer){.to = to, .scope = OPTION_GLOBAL}, &target->draft);
    fputs("pools:\n", to);
    for (size_t i = 0; i < target->draft.config->pool_count; i++) {
        struct printer pool = {.to = to, .scope = OPTION_POOL, .pool = i, .is_first = true};

        print_options(&pool, &target->draft);
    }
}
