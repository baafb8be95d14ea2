#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/memory.h"
#include "config/config_environment.h"
#include "config/option_field.h"
#include "config/option_value.h"

/* Large enough for a field of any type. */
union field {
    uint64_t number;
    char *text;
    struct addresses addresses;
    struct address_map address_map;
};

Test(option_rows, every_default_is_within_its_bounds)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        union field field = {0};
        if (row->fallback == NULL) {
            continue;
        }
        cr_expect_eq(option_parse(row, span_of(row->fallback), &field), OPTION_OK, "%s", row->path);
        if (option_is_list(row)) {
            cr_expect(option_count_fits(row, &field), "%s", row->path);
        }
        option_clear(row, &field);
    }
}

Test(option_rows, every_row_says_what_it_is)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        char *expected = option_expected(&option_rows[i]);
        cr_expect_gt(strlen(option_rows[i].help), 0);
        cr_expect_gt(strlen(expected), 0);
        cr_expect_leq(option_rows[i].min, option_rows[i].max, "%s", option_rows[i].path);
        free(expected);
    }
}

Test(option_rows, every_path_is_found_and_unique)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        cr_expect_eq(option_row_find(row->scope, row->path), row, "%s is there twice", row->path);
        cr_expect_eq(option_row_id(row), i);
        enum option_scope other = row->scope == OPTION_POOL ? OPTION_GLOBAL : OPTION_POOL;
        cr_expect_null(option_row_find(other, row->path));
    }
}

Test(option_rows, no_path_is_a_section_too)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        cr_expect_not(option_is_section(option_rows[i].scope, option_rows[i].path));
    }
    cr_expect(option_is_section(OPTION_POOL, "backend"));
    cr_expect(option_is_section(OPTION_GLOBAL, "log"));
    cr_expect_not(option_is_section(OPTION_GLOBAL, "backend"));
    cr_expect_not(option_is_section(OPTION_GLOBAL, "lo"));
}

static bool is_in_section(size_t row, const char *path, size_t size)
{
    return strncmp(option_rows[row].path, path, size) == 0 && option_rows[row].path[size] == '.';
}

/* config_print opens each section once. */
Test(option_rows, rows_of_a_section_are_neighbours)
{
    for (size_t i = 1; i < OPTION_ID_COUNT; i++) {
        const char *path = option_rows[i].path;
        size_t size = strcspn(path, ".");
        if (path[size] == '\0' || is_in_section(i - 1, path, size)) {
            continue;
        }
        for (size_t before = 0; before < i; before++) {
            cr_expect_not(is_in_section(before, path, size), "%s", path);
        }
    }
}

Test(option_rows, variables_of_all_rows_differ)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        char *name = config_variable_name(&option_rows[i]);
        for (size_t j = 0; j < OPTION_ID_COUNT; j++) {
            char *other = config_variable_name(&option_rows[j]);
            const char *alias = config_variable_alias(&option_rows[j]);
            cr_expect(i == j || strcmp(name, other) != 0, "%s", name);
            cr_expect(alias == NULL || strcmp(name, alias) != 0, "%s", name);
            free(other);
        }
        free(name);
    }
}

static void expect_suggestion(enum option_scope scope, const char *path, const char *name,
                              const char *expected)
{
    char *suggestion = option_suggest(scope, path, path + strlen(path) - strlen(name));

    cr_expect_str_eq(suggestion, expected);
    free(suggestion);
}

Test(option_rows, suggestions)
{
    expect_suggestion(OPTION_POOL, "lisen", "lisen", "did you mean 'listen'?");
    expect_suggestion(OPTION_POOL, "timeouts.requst", "requst", "did you mean 'request'?");
    expect_suggestion(OPTION_POOL, "timeouts.zzz", "zzz",
                      "expected one of handshake, connect, request");
    expect_suggestion(OPTION_GLOBAL, "wokers", "wokers", "did you mean 'workers'?");
    expect_suggestion(OPTION_GLOBAL, "polls", "polls", "did you mean 'pools'?");
    expect_suggestion(OPTION_GLOBAL, "clients", "clients", "expected inside an entry of 'pools'");
    expect_suggestion(OPTION_POOL, "log", "log", "expected at the top level");
}
