/* command_reply.h - what COMMAND and its subcommands answer, composed from the rows of a table as
 * Redis 7.0 does in RESP2. Any thread; the queue is the caller's.
 *
 * COMMAND, COMMAND COUNT and COMMAND LIST speak of the commands that slotway serves; a row that it
 * refuses or does not support yet is left out, also below its container.
 */
#ifndef PROXY_COMMAND_COMMAND_REPLY_H
#define PROXY_COMMAND_COMMAND_REPLY_H

#include "common/sendq.h"
#include "proxy/command/command_table.h"

/* Whether slotway carries the command out; a container when it does so for one of its subcommands.
 */
bool command_is_served(const struct command_table *table, const struct command *command);

/* One element of COMMAND INFO: the command, its keys and its subcommands; null for NULL. */
void command_reply_info(struct sendq *to, const struct command_table *table,
                        const struct command *command);

/* COMMAND: the infos of all served commands. */
void command_reply_all(struct sendq *to, const struct command_table *table);

/* COMMAND COUNT: how many COMMAND would list. */
void command_reply_count(struct sendq *to, const struct command_table *table);

/* What COMMAND LIST FILTERBY may ask for. */
enum command_filter {
    COMMAND_FILTER_NONE, /* every name */
    COMMAND_FILTER_MODULE,
    COMMAND_FILTER_CATEGORY,
    COMMAND_FILTER_PATTERN,
};

/* COMMAND LIST: names, "config|get" for a subcommand, of those that `filter` lets through; `word`
 * is the module, the ACL category without its @, or the glob, each in any case. */
void command_reply_list(struct sendq *to, const struct command_table *table,
                        enum command_filter filter, struct span word);

#endif
