/* acl_user.h - one user: who may log in as him, and what he may do then.
 *
 *      alice on #<hash> #<hash> ~app:* +@read (~log:* +append)
 *      name  flags  passwords   root selector  another selector
 *
 * Of passwords only the digests are kept. Changed by rules only while he is made; then immutable,
 * in a user_set.h.
 */
#ifndef PROXY_ACL_ACL_USER_H
#define PROXY_ACL_ACL_USER_H

#include "common/sendq.h"
#include "common/sha256.h"
#include "proxy/acl/acl_selector.h"

struct acl_password {
    char digest[SHA256_DIGITS + 1];
};

struct acl_user {
    char *name;
    bool is_on;
    bool needs_no_password;
    bool skips_sanitizing; /* both are shown, and have no effect: nodes see to RESTORE */
    bool sanitizes;
    bool is_free; /* everything is allowed: nothing has to be looked at */
    struct acl_password *passwords;
    size_t password_count;
    struct acl_selector *selectors; /* the first one is the root */
    size_t selector_count;
};

/* Off, without a password, and nothing is allowed. */
struct acl_user *acl_user_new(struct span name) MUST_USE;
void acl_user_free(struct acl_user **user);

/* Changes him by one rule; "(+get ~a*)" is one. When that fails he is as before, unless the rule
 * is "reset". `known` as for acl_selector_apply. */
enum acl_problem acl_user_apply(struct acl_user *user, struct span rule,
                                const struct command_rules *known) MUST_USE;

/* Does `password` let somebody in as him? Takes the same time for all passwords of a size. */
bool acl_user_admits(const struct acl_user *user, struct span password);

/* Do both mean the same to somebody who is logged in? */
bool acl_user_equal(const struct acl_user *a, const struct acl_user *b);

#endif
