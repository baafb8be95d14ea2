#include "proxy/acl/user_set.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/memory.h"

/* A pool as it is without a word about users. */
static struct pool_config plain(void)
{
    return (struct pool_config){.name = (char *)"main", .clients_username = (char *)"default"};
}

static void add_user(struct pool_config *config, const char *text)
{
    cr_assert(user_rules_append(&config->clients_users, span_of(text), NULL), "%s", text);
    user_rules_place(&config->clients_users, "proxy.yaml:1:1");
}

/* With a file of that text, whose name comes instead of FILE in messages. */
static char *with_file(struct pool_config *config, const char *text)
{
    char path[] = "/tmp/slotway-users-XXXXXX";
    int fd = mkstemp(path);

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    config->clients_acl_file = memory_copy(path, strlen(path));
    return config->clients_acl_file;
}

static struct user_set *make(const struct pool_config *config)
{
    struct config_errors errors = {0};
    struct user_set *set = user_set_new(config, &errors);

    cr_assert_not_null(set, "%s", errors.count == 0 ? "" : errors.lines[0]);
    cr_expect_eq(errors.count, 0);
    return set;
}

static void drop(struct user_set **set, struct pool_config *config)
{
    user_set_release(set);
    user_rules_clear(&config->clients_users);
    if (config->clients_acl_file != NULL) {
        unlink(config->clients_acl_file);
        free(config->clients_acl_file);
    }
}

static const struct {
    const char *name;
    const char *configured; /* NULL: no password */
    const char *user;       /* NULL: AUTH with a password alone */
    const char *password;
    enum login expected;
} rows[] = {
    {"the password alone", "secret", NULL, "secret", LOGIN_OK},
    {"with the user", "secret", "default", "secret", LOGIN_OK},
    {"another user", "secret", "other", "secret", LOGIN_WRONG},
    {"the user in capitals", "secret", "Default", "secret", LOGIN_WRONG},
    {"another password", "secret", NULL, "secreT", LOGIN_WRONG},
    {"a beginning of it", "secret", NULL, "secre", LOGIN_WRONG},
    {"more than it", "secret", NULL, "secrets", LOGIN_WRONG},
    {"it twice", "secret", NULL, "secretsecret", LOGIN_WRONG},
    {"nothing", "secret", NULL, "", LOGIN_WRONG},
    {"a password where none is needed", NULL, NULL, "x", LOGIN_NOT_NEEDED},
    {"any password of the user where none is needed", NULL, "default", "x", LOGIN_OK},
    {"another user where none is needed", NULL, "other", "x", LOGIN_WRONG},
};

Test(user_set, of_one_has_the_short_form)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pool_config config = plain();
        struct span user = span_of(rows[i].user == NULL ? "" : rows[i].user);
        const struct acl_user *found = NULL;

        config.clients_password = (char *)rows[i].configured;

        struct user_set *set = make(&config);

        cr_expect_eq(user_set_judge(set, rows[i].user == NULL ? NULL : &user,
                                    span_of(rows[i].password), &found),
                     rows[i].expected, "%s", rows[i].name);
        cr_expect_eq(user_set_is_open(set), rows[i].configured == NULL);
        cr_expect(set->newcomer->is_free);
        user_set_release(&set);
    }
}

Test(user_set, has_users_by_name)
{
    struct pool_config config = plain();
    const char *const names[] = {"alice", "bob", "bo", "b", "zoe"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *text = memory_print("%s on nopass", names[ARRAY_LEN(names) - 1 - i]);

        add_user(&config, text);
        free(text);
    }

    struct user_set *set = make(&config);

    cr_expect_eq(set->count, ARRAY_LEN(names) + 1);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct acl_user *user = user_set_find(set, span_of(names[i]));

        cr_assert_not_null(user, "%s", names[i]);
        cr_expect_str_eq(user->name, names[i]);
    }
    cr_expect_null(user_set_find(set, SPAN("Alice")));
    cr_expect_null(user_set_find(set, SPAN("")));
    for (size_t i = 1; i < set->count; i++) {
        cr_expect_lt(strcmp(set->users[i - 1]->name, set->users[i]->name), 0);
    }
    drop(&set, &config);
}

Test(user_set, finds_each_of_many_in_whatever_order_they_came)
{
    enum { MANY = 300, STEP = 7 }; /* no divisor in common */
    struct pool_config config = plain();
    char text[MANY * 16] = "";
    char name[16];
    size_t size = 0;

    for (int i = 0; i < MANY; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "user %d on\n", i * STEP % MANY);
    }
    with_file(&config, text);

    struct user_set *set = make(&config);

    cr_expect_eq(set->count, MANY + 1);
    for (size_t i = 1; i < set->count; i++) {
        cr_expect_lt(strcmp(set->users[i - 1]->name, set->users[i]->name), 0);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%d", i);
        cr_expect_str_eq(user_set_find(set, span_of(name))->name, name);
    }
    cr_expect_null(user_set_find(set, SPAN("")));
    cr_expect_null(user_set_find(set, SPAN("1000")));
    cr_expect_null(user_set_find(set, SPAN("zz")));
    drop(&set, &config);
}

Test(user_set, with_users_lets_nobody_in_unnamed)
{
    struct pool_config config = plain();
    const struct acl_user *user = NULL;

    add_user(&config, "alice on >secret ~* +@all");

    struct user_set *set = make(&config);

    cr_expect_not(user_set_is_open(set));
    cr_expect_str_eq(set->newcomer->name, "default");
    cr_expect_not(set->newcomer->is_on);
    cr_expect_eq(user_set_judge(set, NULL, SPAN("secret"), &user), LOGIN_WRONG);
    cr_expect_eq(user_set_judge(set, &SPAN("alice"), SPAN("secret"), &user), LOGIN_OK);
    cr_expect_str_eq(user->name, "alice");
    drop(&set, &config);
}

Test(user_set, lets_them_in_if_its_default_user_does)
{
    struct pool_config config = plain();

    add_user(&config, "default on nopass ~* +get");
    add_user(&config, "alice on >secret");

    struct user_set *set = make(&config);

    cr_expect(user_set_is_open(set));
    cr_expect_not(set->newcomer->is_free);
    drop(&set, &config);
}

Test(user_set, has_the_short_form_beside_users)
{
    struct pool_config config = plain();
    const struct acl_user *user = NULL;

    config.clients_password = (char *)"secret";
    add_user(&config, "alice on nopass");

    struct user_set *set = make(&config);

    cr_expect_eq(set->count, 2);
    cr_expect_eq(user_set_judge(set, NULL, SPAN("secret"), &user), LOGIN_OK);
    cr_expect(user->is_free);
    drop(&set, &config);
}

Test(user_set, takes_a_file_as_redis_writes_it)
{
    struct pool_config config = plain();

    add_user(&config, "carol on nopass");
    with_file(&config, "user alice on nopass ~* +@all\r\n"
                       "\n"
                       "   user bob off (+get ~a* %R~b*) &x\n"
                       "user default on nopass -@all");

    struct user_set *set = make(&config);

    cr_expect_eq(set->count, 4);
    cr_expect_eq(user_set_find(set, SPAN("bob"))->selector_count, 2);
    cr_expect(user_set_is_open(set));
    drop(&set, &config);
}

static const struct {
    const char *text;
    const char *error; /* with FILE for its name */
} bad_files[] = {
    {"user alice on\nuser bob +nosuch ~a\n",
     "FILE:2: Error in applying operation '+nosuch': Unknown command or category name in ACL"},
    {"user alice #secret\n", "FILE:1: The password hash must be exactly 64 characters and contain "
                             "only lowercase hexadecimal characters"},
    {"user alice ~* ~hidden >secret\n",
     "FILE:1: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
     "not have any effect. Try 'resetkeys' to start with an empty list of patterns"},
    {"\n# a comment\n", "FILE:2: should start with user keyword followed by the username"},
    {"user", "FILE:1: should start with user keyword followed by the username"},
    {"user alice on\nuser alice off", "FILE:2: Duplicate user 'alice' found"},
    {"user alice (+get", "FILE:1: Unmatched parenthesis in acl selector starting at '(+get'"},
    {"user carol on", "FILE:1: Duplicate user 'carol' found"},
};

Test(user_set, names_file_and_line_of_a_mistake)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_files); i++) {
        struct pool_config config = plain();
        struct config_errors errors = {0};
        const char *rest = bad_files[i].error + strlen("FILE");
        char *path = with_file(&config, bad_files[i].text);

        add_user(&config, "carol on nopass");

        struct user_set *set = user_set_new(&config, &errors);

        cr_expect_null(set);
        cr_assert_eq(errors.count, 1, "%s", bad_files[i].text);
        cr_expect_eq(strncmp(errors.lines[0], path, strlen(path)), 0, "%s", errors.lines[0]);
        cr_expect_str_eq(errors.lines[0] + strlen(path), rest);
        config_errors_clear(&errors);
        drop(&set, &config);
    }
}

Test(user_set, tells_all_that_is_wrong_and_no_secrets)
{
    struct pool_config config = plain();
    struct config_errors errors = {0};

    add_user(&config, "alice on +nosuch -other <geheim ~a%b");
    add_user(&config, "alice on");
    with_file(&config, "user bob >geheim <geheim <geheim\nuser alice on");
    cr_expect_null(user_set_new(&config, &errors));
    cr_expect_eq(errors.count, 5, "%zu", errors.count);
    for (size_t i = 0; i < errors.count; i++) {
        cr_expect_null(strstr(errors.lines[i], "geheim"), "%s", errors.lines[i]);
    }
    cr_expect_eq(strncmp(errors.lines[0], "proxy.yaml:1:1: Error in applying", 33), 0);
    config_errors_clear(&errors);

    struct user_set *none = NULL;

    drop(&none, &config);
}

Test(user_set, wants_one_definition_of_each)
{
    struct pool_config config = plain();
    struct config_errors errors = {0};
    struct user_set *set;

    config.clients_password = (char *)"x";
    add_user(&config, "default on nopass");
    set = user_set_new(&config, &errors);
    cr_expect_null(set);
    cr_expect_eq(errors.count, 1);
    config_errors_clear(&errors);
    drop(&set, &config);
}

Test(user_set, needs_its_file)
{
    struct pool_config config = plain();
    struct config_errors errors = {0};

    config.clients_acl_file = (char *)"/nonexistent/users.acl";
    cr_expect_null(user_set_new(&config, &errors));
    cr_assert_eq(errors.count, 1);
    cr_expect_not_null(strstr(errors.lines[0], "No such file"), "%s", errors.lines[0]);
    config_errors_clear(&errors);
}

Test(user_set, of_nobody_is_shut)
{
    struct user_set *set = user_set_of_nobody();
    const struct acl_user *user = NULL;

    cr_expect_not(user_set_is_open(set));
    cr_expect_eq(user_set_judge(set, NULL, SPAN(""), &user), LOGIN_WRONG);
    user_set_release(&set);
}
