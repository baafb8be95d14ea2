/* command_info.h - one row of commands.def in the words of COMMAND INFO. Part of command_reply. */
#ifndef PROXY_COMMAND_COMMAND_INFO_H
#define PROXY_COMMAND_COMMAND_INFO_H

#include "common/sendq.h"
#include "proxy/command/command.h"

enum {
    COMMAND_INFO_FIELDS = 9, /* and a tenth behind them: the subcommands */
};

/* A bulk string; "config get" is config|get on the wire. */
void command_write_name(struct sendq *to, const struct command *command);

/* The fields of a row, one after the other: name, arity, flags, first key, last key, step, ACL
 * categories, tips, key specs. */
void command_write_info(struct sendq *to, const struct command *command);

#endif
