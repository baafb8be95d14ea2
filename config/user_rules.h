/* user_rules.h - who may come in and do what, as the operator wrote it: a name and ACL rules in
 * Redis's syntax.
 *
 *      alice on #<sha256> ~app:* +@read         also with "user " in front
 *      bob on >${BOB_PASSWORD} ~* +@all         a password in the open only from the environment
 *      carol on password_file=/run/secrets/carol ~* +@all
 *
 * Passwords become their digests at once. What rules mean is decided elsewhere. Immutable once
 * made.
 */
#ifndef CONFIG_USER_RULES_H
#define CONFIG_USER_RULES_H

#include <stdio.h>

#include "common/span.h"

struct user_rule {
    char *text; /* "alice on #9f86… ~app:*": with digests in place of passwords and their files */
    char *shown; /* for people: with *** in place of digests */
    char *place; /* where it was said; NULL: not known */
};

struct user_rules {
    struct user_rule *items;
    size_t count;
};

/* Adds one; false, and nothing changed, when it has no name, or a file cannot be read: then
 * *problem, unless that is NULL, says so, and the caller frees it. A password in the open is taken
 * for one that came from the environment. */
bool user_rules_append(struct user_rules *rules, struct span text, char **problem) MUST_USE;

/* Remembers where the last one was said. */
void user_rules_place(struct user_rules *rules, const char *place);

/* Do they say the same, in the same order, also in the files that they name? */
bool user_rules_equal(const struct user_rules *a, const struct user_rules *b);

/* Adds copies of all; their files are not read again. */
void user_rules_copy(const struct user_rules *from, struct user_rules *to);

/* As a YAML list of what is shown. */
void user_rules_print(const struct user_rules *rules, FILE *to);

void user_rules_clear(struct user_rules *rules);

/* The text of a file with its variables filled in. NULL with what is wrong in *problem, which the
 * caller frees: a variable that is not there, or a password in the open that is not from one. */
char *user_rules_expand(const char *text, char **problem) MUST_USE;

#endif
