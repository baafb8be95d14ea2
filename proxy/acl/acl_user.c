#include "proxy/acl/acl_user.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/acl/acl_commands.h"
#include "proxy/acl/acl_databases.h"
#include "proxy/acl/acl_line.h"

static struct acl_selector *add_selector(struct acl_user *user)
{
    user->selectors =
        memory_resize(user->selectors, user->selector_count + 1, sizeof *user->selectors);

    struct acl_selector *selector = &user->selectors[user->selector_count++];

    acl_selector_init(selector);
    return selector;
}

static void drop_selectors(struct acl_user *user, size_t kept)
{
    while (user->selector_count > kept) {
        acl_selector_clear(&user->selectors[--user->selector_count]);
    }
}

struct acl_user *acl_user_new(struct span name)
{
    struct acl_user *user = memory_new(1, sizeof *user);

    user->name = memory_copy(name.at, name.size);
    add_selector(user);
    return user;
}

static void drop_passwords(struct acl_user *user)
{
    if (user->passwords != NULL) {
        explicit_bzero(user->passwords, user->password_count * sizeof *user->passwords);
    }
    free(user->passwords);
    user->passwords = NULL;
    user->password_count = 0;
}

void acl_user_free(struct acl_user **user)
{
    struct acl_user *gone = *user;

    *user = NULL;
    if (gone == NULL) {
        return;
    }
    drop_passwords(gone);
    drop_selectors(gone, 0);
    free(gone->selectors);
    free(gone->name);
    free(gone);
}

/* The digest that a rule means: its own, or that of its password. */
static enum acl_problem read_digest(struct span rule, struct acl_password *password)
{
    struct span rest = {rule.at + 1, rule.size - 1};

    if (rule.at[0] == '>' || rule.at[0] == '<') {
        sha256_print(rest, password->digest);
        return ACL_PROBLEM_NONE;
    }
    if (rest.size != SHA256_DIGITS) {
        return ACL_PROBLEM_BAD_HASH;
    }
    for (size_t i = 0; i < rest.size; i++) {
        bool is_digit = rest.at[i] >= '0' && rest.at[i] <= '9';

        if (!is_digit && !(rest.at[i] >= 'a' && rest.at[i] <= 'f')) {
            return ACL_PROBLEM_BAD_HASH;
        }
    }
    memcpy(password->digest, rest.at, rest.size);
    password->digest[SHA256_DIGITS] = '\0';
    return ACL_PROBLEM_NONE;
}

/* SIZE_MAX: he has no such password. */
static size_t find_password(const struct acl_user *user, const struct acl_password *password)
{
    for (size_t i = 0; i < user->password_count; i++) {
        if (strcmp(user->passwords[i].digest, password->digest) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static enum acl_problem add_password(struct acl_user *user, struct span rule)
{
    struct acl_password password;
    enum acl_problem problem = read_digest(rule, &password);

    if (problem != ACL_PROBLEM_NONE) {
        return problem;
    }
    if (find_password(user, &password) == SIZE_MAX) {
        user->passwords =
            memory_resize(user->passwords, user->password_count + 1, sizeof *user->passwords);
        user->passwords[user->password_count++] = password;
    }
    user->needs_no_password = false;
    return ACL_PROBLEM_NONE;
}

static enum acl_problem remove_password(struct acl_user *user, struct span rule)
{
    struct acl_password password;
    enum acl_problem problem = read_digest(rule, &password);
    size_t at = problem == ACL_PROBLEM_NONE ? find_password(user, &password) : SIZE_MAX;

    if (problem != ACL_PROBLEM_NONE) {
        return problem;
    }
    if (at == SIZE_MAX) {
        return ACL_PROBLEM_NO_SUCH_PASSWORD;
    }
    user->password_count--;
    memmove(&user->passwords[at], &user->passwords[at + 1],
            (user->password_count - at) * sizeof *user->passwords);
    return ACL_PROBLEM_NONE;
}

/* "(+get ~a*)": all of it, or nothing. */
static enum acl_problem apply_selector(struct acl_user *user, struct span rule,
                                       const struct command_rules *known)
{
    struct acl_selector *selector = add_selector(user);
    struct span rest = {rule.at + 1, rule.size - 2};
    struct span word;

    while (acl_line_next(&rest, &word)) {
        /* A pattern that ends like a selector could not be read back. */
        enum acl_problem problem = word.at[word.size - 1] == ')'
                                       ? ACL_PROBLEM_SYNTAX
                                       : acl_selector_apply(selector, word, known);

        if (problem != ACL_PROBLEM_NONE) {
            drop_selectors(user, user->selector_count - 1);
            return problem;
        }
    }
    return ACL_PROBLEM_NONE;
}

static void reset(struct acl_user *user)
{
    drop_passwords(user);
    drop_selectors(user, 0);
    add_selector(user);
    user->is_on = false;
    user->needs_no_password = false;
    user->skips_sanitizing = false;
    user->sanitizes = true;
}

static void set_password_need(struct acl_user *user, bool needs_none)
{
    drop_passwords(user);
    user->needs_no_password = needs_none;
}

static void set_sanitizing(struct acl_user *user, bool sanitizes)
{
    user->sanitizes = sanitizes;
    user->skips_sanitizing = !sanitizes;
}

static bool is_word(struct span rule, const char *word)
{
    return span_equal_nocase(rule, span_of(word));
}

/* False: `rule` is no word that concerns him as a whole. */
static bool apply_word(struct acl_user *user, struct span rule)
{
    if (is_word(rule, "on") || is_word(rule, "off")) {
        user->is_on = is_word(rule, "on");
    } else if (is_word(rule, "nopass") || is_word(rule, "resetpass")) {
        set_password_need(user, is_word(rule, "nopass"));
    } else if (is_word(rule, "sanitize-payload") || is_word(rule, "skip-sanitize-payload")) {
        set_sanitizing(user, is_word(rule, "sanitize-payload"));
    } else if (is_word(rule, "clearselectors")) {
        drop_selectors(user, 1);
    } else if (is_word(rule, "reset")) {
        reset(user);
    } else {
        return false;
    }
    return true;
}

static enum acl_problem apply_other(struct acl_user *user, struct span rule,
                                    const struct command_rules *known)
{
    switch (rule.at[0]) {
    case '>':
    case '#': return add_password(user, rule);
    case '<':
    case '!': return remove_password(user, rule);
    case '(':
        if (rule.at[rule.size - 1] == ')') {
            return apply_selector(user, rule, known);
        }
        break;
    default: break;
    }
    return acl_selector_apply(&user->selectors[0], rule, known);
}

static bool is_free(const struct acl_user *user)
{
    for (size_t i = 0; i < user->selector_count; i++) {
        const struct acl_selector *selector = &user->selectors[i];

        if (selector->all_keys && selector->all_channels && selector->all_commands &&
            !selector->databases.are_limited) {
            return true;
        }
    }
    return false;
}

enum acl_problem acl_user_apply(struct acl_user *user, struct span rule,
                                const struct command_rules *known)
{
    enum acl_problem problem = rule.size == 0 || apply_word(user, rule)
                                   ? ACL_PROBLEM_NONE
                                   : apply_other(user, rule, known);

    user->is_free = is_free(user);
    return problem;
}

/* All of both, wherever they differ first. */
static unsigned digest_difference(const char *a, const char *b)
{
    volatile unsigned difference = 0;

    for (size_t i = 0; i < SHA256_DIGITS; i++) {
        difference = difference | ((unsigned char)a[i] ^ (unsigned char)b[i]);
    }
    return difference;
}

bool acl_user_admits(const struct acl_user *user, struct span password)
{
    struct acl_password given;
    bool is_admitted = false;

    if (!user->is_on || user->needs_no_password) {
        return user->is_on;
    }
    sha256_print(password, given.digest);
    for (size_t i = 0; i < user->password_count; i++) {
        is_admitted |= digest_difference(user->passwords[i].digest, given.digest) == 0;
    }
    explicit_bzero(&given, sizeof given);
    return is_admitted;
}

static bool patterns_equal(const struct acl_patterns *a, const struct acl_patterns *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i].glob, b->items[i].glob) != 0 ||
            a->items[i].access != b->items[i].access) {
            return false;
        }
    }
    return true;
}

/* Bits and first arguments follow from the rules. */
static bool rules_equal(const struct acl_selector *a, const struct acl_selector *b)
{
    if (a->allows_unknown != b->allows_unknown || a->rule_count != b->rule_count) {
        return false;
    }
    for (size_t i = 0; i < a->rule_count; i++) {
        if (strcmp(a->rules[i].name, b->rules[i].name) != 0 ||
            a->rules[i].allows != b->rules[i].allows) {
            return false;
        }
    }
    return true;
}

static bool selector_equal(const struct acl_selector *a, const struct acl_selector *b)
{
    return a->all_keys == b->all_keys && a->all_channels == b->all_channels &&
           patterns_equal(&a->keys, &b->keys) && patterns_equal(&a->channels, &b->channels) &&
           acl_databases_equal(&a->databases, &b->databases) && rules_equal(a, b);
}

bool acl_user_equal(const struct acl_user *a, const struct acl_user *b)
{
    if (a->is_on != b->is_on || a->selector_count != b->selector_count) {
        return false;
    }
    for (size_t i = 0; i < a->selector_count; i++) {
        if (!selector_equal(&a->selectors[i], &b->selectors[i])) {
            return false;
        }
    }
    return true;
}
