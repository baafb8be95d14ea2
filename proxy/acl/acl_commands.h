/* acl_commands.h - which commands a selector allows. */
#ifndef PROXY_ACL_ACL_COMMANDS_H
#define PROXY_ACL_ACL_COMMANDS_H

#include "proxy/acl/acl_selector.h"
#include "proxy/command/command_table.h"

/* +@all, or -@all. */
void acl_commands_set_all(struct acl_selector *selector, bool all);

/* Any other rule that begins with + or -. */
enum acl_problem acl_commands_apply(struct acl_selector *selector, struct span rule,
                                    const struct command_rules *known) MUST_USE;

/* Gives back what rules have made. */
void acl_commands_clear(struct acl_selector *selector);

/* May `command` be executed with these arguments, whatever its keys are? `table` has the container
 * of a command that commands.def does not have. */
bool acl_commands_allow(const struct acl_selector *selector, const struct command_table *table,
                        const struct command *command, const struct arguments *arguments);

#endif
