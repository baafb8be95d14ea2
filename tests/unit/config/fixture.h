/* fixture.h - configurations from text, for the tests of this folder.
 *
 * Every test runs in a process and a temporary folder of its own, so file names in messages are
 * short and the environment may be changed.
 */
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "config/config.h"

static char fixture_folder[] = "/tmp/slotway-config-XXXXXX";

UNUSED static void fixture_enter(void)
{
    cr_assert_not_null(mkdtemp(fixture_folder));
    cr_assert_eq(chdir(fixture_folder), 0);
}

UNUSED static void fixture_leave(void)
{
    const char *const names[] = {"f.yaml", "password", "empty", "long"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        unlink(names[i]);
    }
    cr_expect_eq(rmdir(fixture_folder), 0);
}

UNUSED static void fixture_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "we");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

/* What `print` writes, as a string to be freed. */
#define FIXTURE_PRINTED(text, print)                                                               \
    do {                                                                                           \
        size_t printed_size = 0;                                                                   \
        FILE *to = open_memstream(&(text), &printed_size);                                         \
        cr_assert_not_null(to);                                                                    \
        print;                                                                                     \
        cr_assert_eq(fclose(to), 0);                                                               \
    } while (0)

/* All lines, each with a line end; to be freed. */
UNUSED static char *fixture_join(const struct config_errors *errors)
{
    char *text = NULL;

    FIXTURE_PRINTED(
        text,
        for (size_t i = 0; i < errors->count; i++) { fprintf(to, "%s\n", errors->lines[i]); });
    return text;
}

/* Loads a file with `yaml` (NULL: no file); the errors as text, "" when there are none. */
UNUSED static char *fixture_load(const char *yaml, const struct config_overrides *overrides,
                                 struct config **config)
{
    struct config_errors errors;

    if (yaml != NULL) {
        fixture_write("f.yaml", yaml);
    }
    *config = config_load(yaml == NULL ? NULL : "f.yaml", overrides, &errors);
    cr_expect_eq(*config == NULL, errors.count > 0);
    char *text = fixture_join(&errors);
    config_errors_clear(&errors);
    return text;
}

/* A configuration that must be good; to be freed. */
UNUSED static struct config *fixture_good(const char *yaml,
                                          const struct config_overrides *overrides)
{
    struct config *config = NULL;
    char *errors = fixture_load(yaml, overrides, &config);

    cr_assert_str_eq(errors, "", "unexpected: %s", errors);
    free(errors);
    return config;
}

/* Expects exactly these lines of errors. */
UNUSED static void fixture_bad(const char *behaviour, const char *yaml,
                               const struct config_overrides *overrides, const char *expected)
{
    struct config *config = NULL;
    char *errors = fixture_load(yaml, overrides, &config);

    cr_expect_str_eq(errors, expected, "%s:\ngot:      %sexpected: %s", behaviour, errors,
                     expected);
    free(errors);
    config_free(&config);
}

#endif
