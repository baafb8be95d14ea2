/* acl_check.h - may a user make this request? Pure; any thread.
 *
 *      one selector allows the command, all of its keys and all of its channels ─> allowed
 *      none does ─> what the selector objects to that came furthest
 *
 * Where it cannot be told which arguments are keys, who may not use all keys may not use these.
 */
#ifndef PROXY_ACL_ACL_CHECK_H
#define PROXY_ACL_ACL_CHECK_H

#include "proxy/acl/acl_user.h"
#include "proxy/command/command_table.h"
#include "proxy/command/keys.h"

/* Each with Redis's word for it in ACL LOG. As with Redis, of two objections the later row counts.
 */
#define ACL_VERDICTS(ROW)                                                                          \
    ROW(ALLOWED, "")                                                                               \
    ROW(NO_COMMAND, "command")                                                                     \
    ROW(NO_KEY, "key")                                                                             \
    ROW(NO_LOGIN, "auth") /* not of this check: a wrong password */                                \
    ROW(NO_CHANNEL, "channel")

enum acl_verdict {
#define ROW(symbol, text) ACL_##symbol,
    ACL_VERDICTS(ROW)
#undef ROW
        ACL_VERDICT_COUNT,
};

struct acl_ruling {
    enum acl_verdict verdict;
    uint32_t argument; /* the key or channel */
};

/* A request whose arity has been checked. */
struct acl_request {
    const struct command_table *table; /* that has the command */
    const struct command *command;
    const struct arguments *arguments;
    struct keys *keys; /* scratch */
};

/* What the user's rules say of it, or what they object to. */
struct acl_ruling acl_check(const struct acl_user *user, const struct acl_request *request);

/* The same for a command with one key and no channel, as far as that is decided quickly: false says
 * nothing. */
bool acl_allows_plain(const struct acl_user *user, const struct command *command,
                      const struct arguments *arguments);

/* SORT and SORT_RO read keys that BY and GET make up: "BY" or "GET" where the user may not read all
 * keys, else NULL. */
const char *acl_check_sort(const struct acl_user *user, const struct acl_request *request);

enum { ACL_TEXT_MAX = 384 };

/* What a client is told, behind NOPERM. Writes up to ACL_TEXT_MAX bytes, terminated; returns them.
 * CR and LF of a name become blanks. */
const char *acl_refusal(const struct acl_user *user, const struct acl_request *request,
                        struct acl_ruling ruling, char text[ACL_TEXT_MAX]);

/* Likewise for what acl_check_sort objects to, behind ERR. */
const char *acl_sort_refusal(const char *option, char text[ACL_TEXT_MAX]);

/* As acl_refusal, with the name of the key or channel, for who asks about another user. */
const char *acl_refusal_in_full(const struct acl_user *user, const struct acl_request *request,
                                struct acl_ruling ruling, char text[ACL_TEXT_MAX]);

#endif
