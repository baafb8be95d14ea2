#include "proxy/acl/user_set.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/acl/user_lines.h"

static void apply_all(struct acl_user *user, const char *rules)
{
    struct span rest = span_of(rules);
    struct span word;

    while (acl_line_next(&rest, &word)) {
        CHECK(acl_user_apply(user, word, NULL) == ACL_PROBLEM_NONE);
    }
}

/* clients.username, with or without clients.password. */
static struct acl_user *short_form(const struct pool_config *config)
{
    struct acl_user *user = acl_user_new(span_of(config->clients_username));

    if (config->clients_password == NULL) {
        apply_all(user, "nopass");
    } else {
        char *rule = memory_print(">%s", config->clients_password);

        CHECK(acl_user_apply(user, span_of(rule), NULL) == ACL_PROBLEM_NONE);
        explicit_bzero(rule, strlen(rule));
        free(rule);
    }
    apply_all(user, "on ~* &* +@all");
    return user;
}

static bool is_before(const struct acl_user *user, struct span name)
{
    size_t size = strlen(user->name);
    int order = memcmp(user->name, name.at, size_min(size, name.size));

    return order < 0 || (order == 0 && size < name.size);
}

/* The first one whose name is not before `name`. */
static size_t place_of(const struct user_set *set, struct span name)
{
    size_t from = 0;
    size_t to = set->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (is_before(set->users[middle], name)) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static void set_add(struct user_set *set, struct acl_user *user)
{
    size_t at = place_of(set, span_of(user->name));

    set->users = memory_resize(set->users, set->count + 1, sizeof(struct acl_user *));
    memmove(&set->users[at + 1], &set->users[at], (set->count - at) * sizeof(struct acl_user *));
    set->users[at] = user;
    set->count++;
}

const struct acl_user *user_set_find(const struct user_set *set, struct span name)
{
    size_t at = place_of(set, name);

    return at < set->count && span_equal(span_of(set->users[at]->name), name) ? set->users[at]
                                                                              : NULL;
}

static struct user_set *set_new(void)
{
    struct user_set *set = memory_new(1, sizeof *set);

    atomic_init(&set->references, 1);
    return set;
}

struct user_set *user_set_of_one(const struct pool_config *config)
{
    struct user_set *set = set_new();

    set_add(set, short_form(config));
    set->newcomer = set->users[0];
    set->is_short_form = true;
    return set;
}

struct user_set *user_set_of_nobody(void)
{
    struct user_set *set = set_new();

    set_add(set, acl_user_new(SPAN("default")));
    set->newcomer = set->users[0];
    return set;
}

static void add_short_form(struct user_set *set, const struct pool_config *config,
                           struct config_errors *errors)
{
    if (user_set_find(set, span_of(config->clients_username)) != NULL) {
        config_errors_add(errors, config->name,
                          "two definitions of user '%s', by clients.password and by clients.users "
                          "or clients.acl_file, expected one of them",
                          config->clients_username);
        return;
    }
    set_add(set, short_form(config));
}

struct user_set *user_set_new(const struct pool_config *config, struct config_errors *errors)
{
    size_t errors_before = errors->count;

    if (config->clients_users.count == 0 && config->clients_acl_file == NULL) {
        return user_set_of_one(config);
    }

    struct user_set *set = set_new();
    struct user_lines lines = {.set = set, .add = set_add, .config = config, .errors = errors};

    user_lines_read_config(&lines);
    user_lines_read_file(&lines);
    if (config->clients_password != NULL) {
        add_short_form(set, config, errors);
    }
    if (user_set_find(set, SPAN("default")) == NULL) {
        set_add(set, acl_user_new(SPAN("default")));
    }
    set->newcomer = user_set_find(set, SPAN("default"));
    if (errors->count > errors_before) {
        user_set_release(&set);
    }
    return set;
}

struct user_set *user_set_take(struct user_set *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void user_set_release(struct user_set **set)
{
    struct user_set *gone = *set;

    *set = NULL;
    if (gone == NULL ||
        atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < gone->count; i++) {
        acl_user_free(&gone->users[i]);
    }
    free(gone->users);
    free(gone);
}

enum login user_set_judge(const struct user_set *set, const struct span *name, struct span password,
                          const struct acl_user **user)
{
    if (name == NULL && set->newcomer->needs_no_password) {
        return LOGIN_NOT_NEEDED;
    }
    *user = name == NULL ? set->newcomer : user_set_find(set, *name);
    if (*user == NULL || !acl_user_admits(*user, password)) {
        return LOGIN_WRONG;
    }
    return LOGIN_OK;
}
