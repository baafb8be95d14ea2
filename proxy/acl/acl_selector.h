/* acl_selector.h - one set of rights: commands, keys and channels. What a user may do is what any
 * one of his selectors allows in whole.
 *
 *      +@all -config +config|get ~app:* %R~shared:* &news.*
 *      └── commands ───────────┘ └── keys ────────┘ └ channels
 *
 * Commands of commands.def have a bit each; of others, which become known later, the rules are
 * asked in their order. Changed by rules only while it is made.
 */
#ifndef PROXY_ACL_ACL_SELECTOR_H
#define PROXY_ACL_ACL_SELECTOR_H

#include "config/command_rules.h"
#include "proxy/acl/acl_problem.h"
#include "proxy/command/command.h"

enum {
    ACL_READ = 1,
    ACL_WRITE = 2,
    ACL_COMMAND_WORDS = (COMMAND_IDS + 63) / 64,
};

/* A glob; of keys also what may be done with them. */
struct acl_pattern {
    char *glob;
    size_t size;
    unsigned access; /* ACL_READ, ACL_WRITE */
};

struct acl_patterns {
    struct acl_pattern *items;
    size_t count;
};

/* Numbers of databases, in their order: acl_databases.h. */
struct acl_databases {
    bool are_limited; /* to these; otherwise it is for all */
    int32_t *numbers;
    size_t count;
};

/* One of + and -, as far as it still matters. */
struct acl_rule {
    char *name; /* "get", "config|get", "@read"; lower case */
    bool allows;
};

/* A command that is not allowed, except with this first argument: "+select|0". */
struct acl_first {
    enum command_id id;
    char *argument;
};

struct acl_selector {
    bool all_keys;
    bool all_channels;
    bool all_commands;   /* nothing was taken away since +@all */
    bool allows_unknown; /* +@all, not -@all, was said last: what nobody knew of then is allowed */
    uint64_t commands[ACL_COMMAND_WORDS];
    struct acl_patterns keys;
    struct acl_patterns channels;
    struct acl_databases databases;
    struct acl_rule *rules; /* since +@all or -@all, in their order */
    size_t rule_count;
    struct acl_first *firsts;
    size_t first_count;
};

/* Nothing is allowed, in any database. */
void acl_selector_init(struct acl_selector *selector);
void acl_selector_clear(struct acl_selector *selector);

/* Changes it by one rule; when that fails it is as before. A command that commands.def does not
 * have may be one of a module, when its name has a dot, or when `known`, which may be NULL, names
 * it. */
enum acl_problem acl_selector_apply(struct acl_selector *selector, struct span rule,
                                    const struct command_rules *known) MUST_USE;

/* Commands by bit: those of commands.def. */
static inline bool acl_selector_has(const struct acl_selector *selector, enum command_id id)
{
    return (selector->commands[id / 64] >> (id % 64) & 1) != 0;
}

/* Is it for other databases than the one that clients are in? Then it allows nothing. */
static inline bool acl_selector_is_elsewhere(const struct acl_selector *selector)
{
    return selector->databases.are_limited &&
           (selector->databases.count == 0 || selector->databases.numbers[0] != 0);
}

/* May `key` be used so? `access` is of ACL_READ and ACL_WRITE; 0 asks whether it may be named. */
bool acl_selector_allows_key(const struct acl_selector *selector, struct span key, unsigned access);

/* May all keys be used so? */
bool acl_selector_allows_every_key(const struct acl_selector *selector, unsigned access);

/* May there be a subscription or a message for this channel? */
bool acl_selector_allows_channel(const struct acl_selector *selector, struct span channel);

/* The same for a pattern of channels: it must be one of the selector's own. */
bool acl_selector_allows_pattern(const struct acl_selector *selector, struct span pattern);

#endif
