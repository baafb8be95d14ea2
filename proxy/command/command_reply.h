/* command_reply.h - what COMMAND and its subcommands answer, composed from the rows of a table as
 * Redis 7.0 does in RESP2. Any thread; the queue is the caller's.
 *
 * They speak of all commands of the table, as a server does, also of those that slotway refuses:
 * who asks looks for flags and keys, or reads on. What the configuration denies is not there, as
 * what a server's configuration takes away.
 */
#ifndef PROXY_COMMAND_COMMAND_REPLY_H
#define PROXY_COMMAND_COMMAND_REPLY_H

#include "common/sendq.h"
#include "proxy/command/command_table.h"

/* One element of COMMAND INFO: the command, its keys and its subcommands; null for NULL. */
void command_reply_info(struct sendq *to, const struct command_table *table,
                        const struct command *command);

/* COMMAND: the infos of all commands. */
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
