#include "proxy/acl/acl_selector.h"

#include <stdlib.h>

#include "proxy/acl/acl_commands.h"
#include "proxy/acl/acl_databases.h"
#include "proxy/acl/acl_patterns.h"

void acl_selector_init(struct acl_selector *selector)
{
    *selector = (struct acl_selector){.all_keys = false};
}

void acl_selector_clear(struct acl_selector *selector)
{
    acl_patterns_clear(&selector->keys);
    acl_patterns_clear(&selector->channels);
    acl_databases_set_all(&selector->databases, true);
    acl_commands_clear(selector);
    *selector = (struct acl_selector){.all_keys = false};
}

/* What stands between the % and the ~ behind it. Returns the bytes of both and of what is between,
 * 0 when it makes no sense. As Redis reads it, "%R" alone has an empty pattern. */
static size_t read_access(struct span rule, unsigned *access)
{
    *access = 0;
    for (size_t i = 1; i < rule.size; i++) {
        char letter = rule.at[i];
        unsigned bit = letter == 'R' || letter == 'r'   ? ACL_READ
                       : letter == 'W' || letter == 'w' ? ACL_WRITE
                                                        : 0;
        if (letter == '~') {
            return *access == 0 ? 0 : i + 1;
        }
        if (bit == 0 || (*access & bit) != 0) {
            return 0;
        }
        *access |= bit;
    }
    return *access == 0 ? 0 : rule.size;
}

static enum acl_problem apply_key(struct acl_selector *selector, struct span rule)
{
    unsigned access = ACL_READ | ACL_WRITE;
    size_t head = rule.at[0] == '~' ? 1 : read_access(rule, &access);

    if (selector->all_keys) {
        return ACL_PROBLEM_AFTER_ALL_KEYS;
    }
    if (head == 0) {
        return ACL_PROBLEM_SYNTAX;
    }
    return acl_patterns_add(&selector->keys, (struct span){rule.at + head, rule.size - head},
                            access);
}

static enum acl_problem apply_channel(struct acl_selector *selector, struct span rule)
{
    if (selector->all_channels) {
        return ACL_PROBLEM_AFTER_ALL_CHANNELS;
    }
    return acl_patterns_add(&selector->channels, (struct span){rule.at + 1, rule.size - 1}, 0);
}

static enum acl_problem set_all_keys(struct acl_selector *selector, bool all)
{
    selector->all_keys = all;
    acl_patterns_clear(&selector->keys);
    return ACL_PROBLEM_NONE;
}

static enum acl_problem set_all_channels(struct acl_selector *selector, bool all)
{
    selector->all_channels = all;
    acl_patterns_clear(&selector->channels);
    return ACL_PROBLEM_NONE;
}

static enum acl_problem set_all_commands(struct acl_selector *selector, bool all)
{
    acl_commands_set_all(selector, all);
    return ACL_PROBLEM_NONE;
}

static enum acl_problem set_all_databases(struct acl_selector *selector, bool all)
{
    acl_databases_set_all(&selector->databases, all);
    return ACL_PROBLEM_NONE;
}

/* "db=0,1" */
static bool names_databases(struct span rule)
{
    return rule.size >= 3 && span_equal_nocase((struct span){rule.at, 3}, SPAN("db="));
}

static bool is_word(struct span rule, const char *word, const char *other)
{
    return span_equal_nocase(rule, span_of(word)) || span_equal_nocase(rule, span_of(other));
}

enum acl_problem acl_selector_apply(struct acl_selector *selector, struct span rule,
                                    const struct command_rules *known)
{
    if (is_word(rule, "allkeys", "~*")) {
        return set_all_keys(selector, true);
    }
    if (is_word(rule, "resetkeys", "resetkeys")) {
        return set_all_keys(selector, false);
    }
    if (is_word(rule, "allchannels", "&*")) {
        return set_all_channels(selector, true);
    }
    if (is_word(rule, "resetchannels", "resetchannels")) {
        return set_all_channels(selector, false);
    }
    if (is_word(rule, "allcommands", "+@all")) {
        return set_all_commands(selector, true);
    }
    if (is_word(rule, "nocommands", "-@all")) {
        return set_all_commands(selector, false);
    }
    if (is_word(rule, "alldbs", "alldbs")) {
        return set_all_databases(selector, true);
    }
    if (is_word(rule, "resetdbs", "resetdbs")) {
        return set_all_databases(selector, false);
    }
    if (names_databases(rule)) {
        return acl_databases_set(&selector->databases, (struct span){rule.at + 3, rule.size - 3});
    }
    switch (rule.size == 0 ? '\0' : rule.at[0]) {
    case '~':
    case '%': return apply_key(selector, rule);
    case '&': return apply_channel(selector, rule);
    case '+':
    case '-': return acl_commands_apply(selector, rule, known);
    default: return ACL_PROBLEM_SYNTAX;
    }
}

bool acl_selector_allows_key(const struct acl_selector *selector, struct span key, unsigned access)
{
    return selector->all_keys || acl_patterns_match(&selector->keys, key, access);
}

bool acl_selector_allows_every_key(const struct acl_selector *selector, unsigned access)
{
    return selector->all_keys || acl_patterns_have(&selector->keys, SPAN("*"), access);
}

bool acl_selector_allows_channel(const struct acl_selector *selector, struct span channel)
{
    return selector->all_channels || acl_patterns_match(&selector->channels, channel, 0);
}

bool acl_selector_allows_pattern(const struct acl_selector *selector, struct span pattern)
{
    return selector->all_channels || acl_patterns_have(&selector->channels, pattern, 0);
}
