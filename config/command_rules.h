/* command_rules.h - what the operator says of single commands.
 *
 *      keys=deny              is answered with an error
 *      foo.bar=write first    a command that writes, and whose key is its first argument
 *      foo.baz=read all       one that only reads; all of its arguments are keys
 *      foo.qux=read none      one without keys, that any node may answer
 *      foo.set=write 2:-1:3   first key, last key and step, as COMMAND INFO has them
 *      config|set=deny        a subcommand; "config set=deny" is the same
 *
 * Immutable once made.
 */
#ifndef CONFIG_COMMAND_RULES_H
#define CONFIG_COMMAND_RULES_H

#include "common/span.h"

enum { COMMAND_RULE_KEY_MAX = 1000 };

enum command_rule_kind { COMMAND_RULE_DENY, COMMAND_RULE_READ, COMMAND_RULE_WRITE };

struct command_rule {
    char *text; /* as written */
    char *name; /* lower case; "config set" for a subcommand */
    enum command_rule_kind kind;
    int16_t first; /* the first key; 0: none */
    int16_t last;  /* the last one; < 0: from the end */
    int16_t step;
};

struct command_rules {
    struct command_rule *items;
    size_t count;
};

/* Adds one NAME=RULE; false, and nothing changed, when it is none, or NAME has one already. */
bool command_rules_append(struct command_rules *rules, struct span text) MUST_USE;

void command_rules_clear(struct command_rules *rules);

#endif
