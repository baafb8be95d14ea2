/* user_of.h - a user made of a line of rules, for tests. */
#ifndef TESTS_UNIT_PROXY_ACL_USER_OF_H
#define TESTS_UNIT_PROXY_ACL_USER_OF_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "proxy/acl/acl_line.h"

/* A bracket that is not closed, or else the first thing that is wrong, as "RULE: what", or "" when
 * all is well. */
struct first_complaint {
    struct acl_complaints complaints;
    char text[512];
};

static inline void complain_of_bracket(struct acl_complaints *complaints, struct span bracket)
{
    struct first_complaint *first = container_of(complaints, struct first_complaint, complaints);

    snprintf(first->text, sizeof first->text, "%.*s: unmatched", (int)bracket.size, bracket.at);
}

static inline void complain_of_rule(struct acl_complaints *complaints, struct span rule,
                                    enum acl_problem problem)
{
    struct first_complaint *first = container_of(complaints, struct first_complaint, complaints);

    if (first->text[0] == '\0') {
        snprintf(first->text, sizeof first->text, "%.*s: %s", (int)rule.size, rule.at,
                 acl_problem_text(problem));
    }
}

/* The user called "u" with these rules; *complaint says what is wrong with them. */
static inline struct acl_user *user_try(const char *rules, const struct command_rules *known,
                                        struct first_complaint *complaint)
{
    struct acl_user *user = acl_user_new(SPAN("u"));

    *complaint = (struct first_complaint){
        .complaints = {.unmatched = complain_of_bracket, .bad_rule = complain_of_rule}};

    bool is_good = acl_line_apply(user, span_of(rules), known, &complaint->complaints);

    cr_expect_eq(is_good, complaint->text[0] == '\0', "%s", rules);
    return user;
}

/* Likewise, and nothing may be wrong. */
static inline struct acl_user *user_of(const char *rules)
{
    struct first_complaint complaint;
    struct acl_user *user = user_try(rules, NULL, &complaint);

    cr_assert_str_eq(complaint.text, "", "%s", rules);
    return user;
}

#endif
