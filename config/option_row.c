#include "config/option_row.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { NAME_BYTES_MAX = 64 };

#define OPTION_OFFSET_GLOBAL(field) offsetof(struct config, field)
#define OPTION_OFFSET_POOL(field)   offsetof(struct pool_config, field)

const struct option_row option_rows[OPTION_ID_COUNT] = {
#define OPTION(row_scope, field, row_path, row_type, default, row_min, row_max, when, row_help)    \
    {                                                                                              \
        .scope = OPTION_##row_scope,                                                               \
        .type = OPTION_##row_type,                                                                 \
        .path = (row_path),                                                                        \
        .fallback = (default),                                                                     \
        .min = (row_min),                                                                          \
        .max = (row_max),                                                                          \
        .offset = OPTION_OFFSET_##row_scope(field),                                                \
        .reload = OPTION_##when,                                                                   \
        .help = (row_help),                                                                        \
    },
#include "config/options.def"
};

const struct option_row *option_row_find(enum option_scope scope, const char *path)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        if (option_rows[i].scope == scope && strcmp(option_rows[i].path, path) == 0) {
            return &option_rows[i];
        }
    }
    return NULL;
}

enum option_id option_row_id(const struct option_row *row)
{
    return (enum option_id)(row - option_rows);
}

/* The name that may stand directly inside `section` ("" is the top) on the way to `row`, or an
 * empty span when the row is not in there. */
static struct span name_inside(struct span section, const struct option_row *row)
{
    const char *name = row->path;

    if (section.size > 0) {
        if (strncmp(row->path, section.at, section.size) != 0 || row->path[section.size] != '.') {
            return (struct span){NULL, 0};
        }
        name += section.size + 1;
    }
    return (struct span){name, strcspn(name, ".")};
}

bool option_is_section(enum option_scope scope, const char *path)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        if (option_rows[i].scope == scope && name_inside(span_of(path), &option_rows[i]).size > 0) {
            return true;
        }
    }
    return false;
}

/* How many letters must be put in, taken out or replaced: one row of the usual table at a time. */
static size_t edit_distance(struct span from, struct span to)
{
    size_t row[NAME_BYTES_MAX + 1];

    for (size_t j = 0; j <= to.size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= from.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= to.size; j++) {
            size_t replaced = diagonal + (from.at[i - 1] == to.at[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = size_min(replaced, size_min(row[j], row[j - 1]) + 1);
        }
    }
    return row[to.size];
}

/* The names inside a section, each once: rows of one section are neighbours. */
static bool names_next(enum option_scope scope, struct span section, size_t *at, struct span *name)
{
    for (; *at < OPTION_ID_COUNT; (*at)++) {
        struct span next = name_inside(section, &option_rows[*at]);
        if (option_rows[*at].scope == scope && next.size > 0 && !span_equal(next, *name)) {
            *name = next;
            return true;
        }
    }
    return false;
}

/* The one name that is no option's. */
static bool has_pools(enum option_scope scope, struct span section)
{
    return scope == OPTION_GLOBAL && section.size == 0;
}

static struct span name_closest(enum option_scope scope, struct span section, struct span unknown)
{
    struct span closest = {NULL, 0};
    struct span name = {NULL, 0};
    size_t least = size_max(1, unknown.size / 3) + 1;

    if (unknown.size > NAME_BYTES_MAX) {
        return closest;
    }
    if (has_pools(scope, section) && edit_distance(unknown, SPAN("pools")) < least) {
        return SPAN("pools");
    }
    for (size_t at = 0; names_next(scope, section, &at, &name);) {
        size_t distance = edit_distance(unknown, name);
        if (distance < least) {
            least = distance;
            closest = name;
        }
    }
    return closest;
}

static char *names_all(enum option_scope scope, struct span section)
{
    char *all = NULL;
    struct span name = {NULL, 0};

    for (size_t at = 0; names_next(scope, section, &at, &name);) {
        char *longer = memory_print("%s%s%.*s", all == NULL ? "expected one of " : all,
                                    all == NULL ? "" : ", ", (int)name.size, name.at);
        free(all);
        all = longer;
    }
    if (has_pools(scope, section)) {
        char *longer = memory_print("%s, pools", all);
        free(all);
        all = longer;
    }
    return all;
}

static bool is_known(enum option_scope scope, const char *path)
{
    return option_row_find(scope, path) != NULL || option_is_section(scope, path);
}

char *option_suggest(enum option_scope scope, const char *path, const char *name)
{
    struct span section = {path, name == path ? 0 : (size_t)(name - path) - 1};

    if (scope == OPTION_GLOBAL && is_known(OPTION_POOL, path)) {
        return memory_print("expected inside an entry of 'pools'");
    }
    if (scope == OPTION_POOL && is_known(OPTION_GLOBAL, path)) {
        return memory_print("expected at the top level");
    }
    struct span closest = name_closest(scope, section, span_of(name));
    if (closest.size > 0) {
        return memory_print("did you mean '%.*s'?", (int)closest.size, closest.at);
    }
    return names_all(scope, section);
}
