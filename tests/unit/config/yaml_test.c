#include "config/yaml.h"
#include "tests/unit/config/fixture.h"

/* "PATH KIND DEPTH KEY-LINE:COLUMN LINE:COLUMN VALUE" per entry. */
static char *flatten(const char *text)
{
    static const char *const kinds[] = {
        [YAML_SCALAR] = "scalar",
        [YAML_NULL] = "null",
        [YAML_MAPPING] = "mapping",
        [YAML_LIST] = "list",
    };
    struct yaml_entries entries;
    struct config_errors errors = {0};
    char *flat = NULL;

    cr_expect(yaml_read("f", span_of(text), &entries, &errors));
    FIXTURE_PRINTED(
        flat, for (size_t i = 0; i < entries.count; i++) {
            const struct yaml_entry *entry = &entries.items[i];
            fprintf(to, "%s %s %zu %zu:%zu %zu:%zu %s\n", entry->path, kinds[entry->kind],
                    entry->depth, entry->key_place.line, entry->key_place.column, entry->place.line,
                    entry->place.column, entry->value == NULL ? "-" : entry->value);
        });
    cr_expect_eq(errors.count, 0);
    yaml_entries_clear(&entries);
    return flat;
}

static const struct {
    const char *behaviour;
    const char *text;
    const char *flat;
} samples[] = {
    {"nothing", "", ""},
    {"only a comment", "# x\n", ""},
    {"nested mappings and lists", "a:\n  b: 1\n  c: [x, {d: y}]\n",
     " mapping 0 1:1 1:1 -\n"
     "a mapping 1 1:1 2:3 -\n"
     "a.b scalar 2 2:3 2:6 1\n"
     "a.c list 2 3:3 3:6 -\n"
     "a.c[0] scalar 3 3:7 3:7 x\n"
     "a.c[1] mapping 3 3:10 3:10 -\n"
     "a.c[1].d scalar 4 3:11 3:14 y\n"},
    {"all that is null", "a: ~\nb: null\nc:\nd: \"\"\ne: 'null'\n",
     " mapping 0 1:1 1:1 -\n"
     "a null 1 1:1 1:4 -\n"
     "b null 1 2:1 2:4 -\n"
     "c null 1 3:1 3:3 -\n"
     "d scalar 1 4:1 4:4 \n"
     "e scalar 1 5:1 5:4 null\n"},
    {"a key that looks like a path is quoted", "\"a.b[0]\": 1\n\"\": 2\n",
     " mapping 0 1:1 1:1 -\n"
     "'a.b[0]' scalar 1 1:1 1:11 1\n"
     "'' scalar 1 2:1 2:5 2\n"},
    {"JSON is YAML", "{\"a\": [1, 2]}",
     " mapping 0 1:1 1:1 -\n"
     "a list 1 1:2 1:7 -\n"
     "a[0] scalar 2 1:8 1:8 1\n"
     "a[1] scalar 2 1:11 1:11 2\n"},
    {"Windows line ends", "a: 1\r\nb: 2\r\n",
     " mapping 0 1:1 1:1 -\na scalar 1 1:1 1:4 1\nb scalar 1 2:1 2:4 2\n"},
};

Test(yaml, samples)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char *flat = flatten(samples[i].text);
        cr_expect_str_eq(flat, samples[i].flat, "%s:\n%s", samples[i].behaviour, flat);
        free(flat);
    }
}

/* Reads what must be refused; the only error, to be freed. */
static char *refused(struct span text)
{
    struct yaml_entries entries;
    struct config_errors errors = {0};

    cr_expect_not(yaml_read("f", text, &entries, &errors));
    cr_assert_eq(errors.count, 1);
    char *line = memory_copy(errors.lines[0], strlen(errors.lines[0]));
    config_errors_clear(&errors);
    yaml_entries_clear(&entries);
    return line;
}

static void expect_refused(struct span text, const char *expected)
{
    char *line = refused(text);

    cr_expect_str_eq(line, expected);
    free(line);
}

static char *repeat(const char *what, size_t count)
{
    size_t size = strlen(what);
    char *text = memory_new(count * size + 1, 1);

    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * size, what, size);
    }
    return text;
}

Test(yaml, too_many_bytes)
{
    char *text = repeat("#", YAML_BYTES_MAX + 1);

    expect_refused((struct span){text, YAML_BYTES_MAX + 1},
                   "f: too large, expected at most 1048576 bytes");
    char *flat = NULL;
    text[YAML_BYTES_MAX] = '\0';
    flat = flatten(text);
    cr_expect_str_eq(flat, "");
    free(flat);
    free(text);
}

Test(yaml, too_many_values)
{
    char *text = repeat("- a\n", YAML_ENTRIES_MAX);

    expect_refused(span_of(text), "f:10000:3: too many values, expected at most 10000");
    free(text);
}

Test(yaml, nesting_bombs)
{
    char *lists = repeat("[", 100000);
    char *mappings = repeat("{a: ", 100000);
    char *dashes = repeat("- ", 100000);

    expect_refused(span_of(lists),
                   "f:1:9: nested too deeply, '[0][0][0][0][0][0][0][0]', expected at most 8 "
                   "levels");
    expect_refused(span_of(mappings),
                   "f:1:33: nested too deeply, 'a.a.a.a.a.a.a.a', expected at most 8 levels");
    expect_refused(span_of(dashes),
                   "f:1:17: nested too deeply, '[0][0][0][0][0][0][0][0]', expected at most 8 "
                   "levels");
    free(lists);
    free(mappings);
    free(dashes);
}

Test(yaml, a_bomb_of_aliases_does_not_go_off)
{
    expect_refused(span_of("a: [x, x]\nb: [*a, *a, *a]\nc: [*b, *b, *b]\n"),
                   "f:2:5: alias, expected the value itself, in quotes if it begins with '*'");
}

Test(yaml, the_longest_key_at_every_level)
{
    char *key = repeat("k", YAML_KEY_BYTES_MAX);
    char *text =
        memory_print("{\"%1$.63s.\": {\"%1$.63s.\": {\"%1$.63s.\": {\"%1$.63s.\": {\"%1$.63s.\": "
                     "{\"%1$.63s.\": {\"%1$.63s.\": {\"%1$.63s.\": 1}}}}}}}}",
                     key);
    char *flat = flatten(text);

    cr_expect_not_null(strstr(flat, "kkk.' scalar 8 "));
    free(flat);
    free(text);
    free(key);
}

Test(yaml, a_key_that_is_too_long)
{
    char *key = repeat("k", YAML_KEY_BYTES_MAX + 1);
    char *text = memory_print("%s: 1\n", key);

    expect_refused(span_of(text),
                   "f:1:1: key is no name, 'kkkkkkkkkkkkkkkk...', expected at most 64 "
                   "letters");
    free(text);
    free(key);
}

Test(yaml, bytes_that_are_no_text)
{
    expect_refused(span_of("a: \xff\xfe\n"),
                   "f:1:1: not YAML, invalid leading UTF-8 octet, expected \"name: value\" lines");
    expect_refused((struct span){"\0\0", 2},
                   "f:1:1: not YAML, control characters are not allowed, expected \"name: value\" "
                   "lines");
}

Test(yaml, skips_all_that_is_inside)
{
    struct yaml_entries entries;
    struct config_errors errors = {0};

    cr_assert(yaml_read("f", span_of("a: {b: [1, 2]}\nc: 3\n"), &entries, &errors));
    cr_assert_eq(entries.count, 6);
    cr_expect_eq(yaml_skip(&entries, 0), 6);
    cr_expect_eq(yaml_skip(&entries, 1), 5);
    cr_expect_eq(yaml_skip(&entries, 3), 4);
    cr_expect_eq(yaml_skip(&entries, 5), 6);
    yaml_entries_clear(&entries);
}
