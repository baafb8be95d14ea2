/* user_set.h - the users of a pool: made of the configuration, and of the file that it names.
 *
 *      clients.users ───────┐
 *      clients.acl_file ────┼──> users by name ──> whom a client is at first, and after AUTH
 *      clients.password ────┘
 *
 * Without users in either of the first two there is one: clients.username, who may do everything.
 * With such there is always one called "default" as well, as with Redis; where nothing is said of
 * him, he is off, so that nobody gets in by mistake.
 *
 * Immutable once made; every reader holds one reference, and the last user_set_release() frees it.
 * Made on the control thread.
 */
#ifndef PROXY_ACL_USER_SET_H
#define PROXY_ACL_USER_SET_H

#include "config/errors.h"
#include "proxy/acl/acl_user.h"

struct user_set {
    _Atomic uint32_t references;
    struct acl_user **users; /* by name, bytewise */
    size_t count;
    const struct acl_user *newcomer; /* whom a client is before it says who it is */
    bool is_short_form;              /* nothing but clients.username and clients.password */
};

/* With one reference; NULL, with everything that is wrong in *errors, which the caller clears. */
struct user_set *user_set_new(const struct pool_config *config,
                              struct config_errors *errors) MUST_USE;

/* The one user of a configuration that names none: never NULL. */
struct user_set *user_set_of_one(const struct pool_config *config) MUST_USE;

/* A newcomer who is off, and nobody else: never NULL. */
struct user_set *user_set_of_nobody(void) MUST_USE;

struct user_set *user_set_take(struct user_set *set);
void user_set_release(struct user_set **set);

/* The user called `name`, or NULL. */
const struct acl_user *user_set_find(const struct user_set *set, struct span name);

/* Need newcomers not say who they are? */
static inline bool user_set_is_open(const struct user_set *set)
{
    return set->newcomer->is_on && set->newcomer->needs_no_password;
}

enum login {
    LOGIN_OK = 0,
    LOGIN_WRONG,
    LOGIN_NOT_NEEDED, /* a password alone, where newcomers need none */
};

/* May a client come in with this name and password? `name` is NULL for AUTH with a password alone,
 * which is the newcomer's. *user is who it is then. Takes as long for a nearly right password as
 * for a wrong one. */
enum login user_set_judge(const struct user_set *set, const struct span *name, struct span password,
                          const struct acl_user **user) MUST_USE;

#endif
