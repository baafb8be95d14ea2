#include "config/user_rules.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base.h"

#define FOO "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

static const struct {
    const char *text;
    const char *kept; /* NULL: it is refused */
    const char *shown;
} rows[] = {
    {"alice on ~a", "alice on ~a", "alice on ~a"},
    {"user alice on", "alice on", "alice on"},
    {"USER  alice\ton ", "alice on", "alice on"},
    {"user user on", "user on", "user on"},
    {"alice >foo", "alice #" FOO, "alice #***"},
    {"alice <foo", "alice !" FOO, "alice !***"},
    {"alice #" FOO " !" FOO, "alice #" FOO " !" FOO, "alice #*** !***"},
    {"alice (+get ~a)", "alice (+get ~a)", "alice (+get ~a)"},
    {"alice", "alice", "alice"},
    {"", NULL, NULL},
    {"   ", NULL, NULL},
    {"user", NULL, NULL},
    {"alice on >", NULL, NULL},
    {"alice password_file=/nonexistent", NULL, NULL},
};

Test(user_rules, keep_digests_and_show_none)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct user_rules rules = {0};
        char *problem = NULL;
        bool is_kept = user_rules_append(&rules, span_of(rows[i].text), &problem);

        cr_expect_eq(is_kept, rows[i].kept != NULL, "'%s'", rows[i].text);
        cr_expect_eq(problem == NULL, is_kept, "'%s'", rows[i].text);
        if (is_kept && rows[i].kept != NULL) {
            cr_expect_str_eq(rules.items[0].text, rows[i].kept);
            cr_expect_str_eq(rules.items[0].shown, rows[i].shown);
        }
        free(problem);
        user_rules_clear(&rules);
    }
}

static const struct {
    const char *text;
    const char *expanded; /* NULL: it is refused */
} expansions[] = {
    {"alice on ~a", "alice on ~a"},
    {"alice >${SECRET} on", "alice #" FOO " on"},
    {"alice >${FO}o", "alice #" FOO},
    {"alice <${SECRET}", "alice !" FOO},
    {"alice >${EMPTY}", NULL},
    {"alice ${RULES}", "alice on >foo ~x"},
    {"${NAME} on", "bob on"},
    {"alice ~${NAME}:*", "alice ~bob:*"},
    {"alice ~$${NAME}", "alice ~${NAME}"},
    {"alice on\nbob off", "alice on\nbob off"},
    {"alice >foo", NULL},
    {"alice >f${SECRET}", NULL},
    {"alice <foo", NULL},
    {"alice >${NOSUCHVARIABLE}", NULL},
    {"alice >${SECRET", NULL},
    {"alice >$${SECRET}", NULL},
};

Test(user_rules, of_a_file_have_their_passwords_from_the_environment)
{
    setenv("EMPTY", "", 1);
    setenv("SECRET", "foo", 1);
    setenv("FO", "fo", 1);
    setenv("NAME", "bob", 1);
    setenv("RULES", "on >foo ~x", 1);
    unsetenv("NOSUCHVARIABLE");
    for (size_t i = 0; i < ARRAY_LEN(expansions); i++) {
        char *problem = NULL;
        char *expanded = user_rules_expand(expansions[i].text, &problem);

        if (expansions[i].expanded == NULL) {
            cr_expect_null(expanded, "'%s'", expansions[i].text);
            cr_assert_not_null(problem, "'%s'", expansions[i].text);
            cr_expect_null(strstr(problem, "foo"), "%s", problem);
        } else {
            cr_assert_not_null(expanded, "'%s': %s", expansions[i].text, problem);
            cr_expect_str_eq(expanded, expansions[i].expanded);
        }
        free(problem);
        free(expanded);
    }
}

Test(user_rules, may_have_blanks_in_a_password_of_the_environment)
{
    char *problem = NULL;
    char *expanded;

    setenv("SECRET", "two words", 1);
    expanded = user_rules_expand("alice >${SECRET} on", &problem);
    cr_assert_not_null(expanded);
    cr_expect_eq(strlen(expanded), strlen("alice # on") + 64);
    free(expanded);
}

Test(user_rules, read_passwords_of_files)
{
    char path[] = "/tmp/slotway-secret-XXXXXX";
    int fd = mkstemp(path);
    struct user_rules rules = {0};
    struct user_rules copy = {0};
    char text[128];

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, "foo\n", 4), 4);
    snprintf(text, sizeof text, "alice on password_file=%s", path);
    cr_assert(user_rules_append(&rules, span_of(text), NULL));
    cr_expect_str_eq(rules.items[0].text, "alice on #" FOO);
    cr_expect_str_eq(rules.items[0].shown, text);
    user_rules_copy(&rules, &copy);
    cr_expect(user_rules_equal(&rules, &copy));
    cr_assert_eq(pwrite(fd, "bar\n", 4, 0), 4);
    user_rules_clear(&copy);
    cr_assert(user_rules_append(&copy, span_of(text), NULL));
    cr_expect_not(user_rules_equal(&rules, &copy), "the same file, another password");
    user_rules_clear(&copy);
    user_rules_clear(&rules);
    close(fd);
    unlink(path);
}
