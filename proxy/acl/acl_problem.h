/* acl_problem.h - what may be wrong with one ACL rule, in Redis's words. */
#ifndef PROXY_ACL_ACL_PROBLEM_H
#define PROXY_ACL_ACL_PROBLEM_H

#define ACL_PROBLEMS(ROW)                                                                          \
    ROW(NONE, "")                                                                                  \
    ROW(UNKNOWN_NAME, "Unknown command or category name in ACL")                                   \
    ROW(SYNTAX, "Syntax error")                                                                    \
    ROW(AFTER_ALL_KEYS,                                                                            \
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not "  \
        "have any effect. Try 'resetkeys' to start with an empty list of patterns")                \
    ROW(AFTER_ALL_CHANNELS,                                                                        \
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does "  \
        "not have any effect. Try 'resetchannels' to start with an empty list of channels")        \
    ROW(NO_SUCH_PASSWORD, "The password you are trying to remove from the user does not exist")    \
    ROW(BAD_HASH,                                                                                  \
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "  \
        "characters")                                                                              \
    ROW(NO_SUCH_DATABASE, "The provided database ID is out of range")                              \
    ROW(FIRST_OF_SUBCOMMAND, "Allowing first-arg of a subcommand is not supported")

enum acl_problem {
#define ROW(symbol, text) ACL_PROBLEM_##symbol,
    ACL_PROBLEMS(ROW)
#undef ROW
};

/* One line without an end; "" for NONE. */
const char *acl_problem_text(enum acl_problem problem);

#endif
