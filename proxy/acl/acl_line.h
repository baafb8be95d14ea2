/* acl_line.h - rules of a user as text: "on >secret ~app:* (+get ~b*)", and as Redis writes them.
 */
#ifndef PROXY_ACL_ACL_LINE_H
#define PROXY_ACL_ACL_LINE_H

#include "proxy/acl/acl_user.h"

/* Takes the next word off *rest; false when there is none. */
bool acl_line_next(struct span *rest, struct span *word) MUST_USE;

/* The same for rules, where all words of a selector in brackets are one. *word is the opening one,
 * and the result ACL_LINE_UNMATCHED, when its bracket is never closed. */
enum acl_line_result { ACL_LINE_END, ACL_LINE_RULE, ACL_LINE_UNMATCHED };
enum acl_line_result acl_line_next_rule(struct span *rest, struct span *rule) MUST_USE;

/* Is told of each mistake, in the order of the line; `rule` may hold a secret unless the problem is
 * UNKNOWN_NAME. */
struct acl_complaints {
    void (*unmatched)(struct acl_complaints *complaints, struct span bracket);
    void (*bad_rule)(struct acl_complaints *complaints, struct span rule, enum acl_problem problem);
};

/* Applies all rules of `rules`; false when any is wrong. */
bool acl_line_apply(struct acl_user *user, struct span rules, const struct command_rules *known,
                    struct acl_complaints *complaints) MUST_USE;

/* Appends what ACL LIST shows behind the name: flags, digests, selectors. What `denied` denies to
 * everybody is taken from "all"; NULL: nothing. */
void acl_line_write(struct sendq *to, const struct acl_user *user,
                    const struct command_rules *denied);

/* The parts of it that ACL GETUSER shows of one selector. */
void acl_line_write_commands(struct sendq *to, const struct acl_selector *selector,
                             const struct command_rules *denied);
void acl_line_write_keys(struct sendq *to, const struct acl_selector *selector);
void acl_line_write_channels(struct sendq *to, const struct acl_selector *selector);

#endif
