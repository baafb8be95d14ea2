/* commands_reply.h - what a node answers to COMMAND, as facts about commands. Pure.
 *
 *      name, arity, flags, first key, last key, step        Redis 2.8 and later
 *      ACL categories                                       6.0
 *      tips, key specs, subcommands                         7.0
 *
 * The reply is input from outside: what makes no sense is left out, and what comes through is
 * within the limits of command.h, so that whatever a client sends, its keys can be looked for.
 */
#ifndef PROXY_CLUSTER_COMMANDS_REPLY_H
#define PROXY_CLUSTER_COMMANDS_REPLY_H

#include "proxy/command/command.h"

struct redisReply;

/* Called with one command after the other, a container before its subcommands. The facts have their
 * class, but no place among the rows yet; all of it is lent until this returns. */
typedef void command_told(void *context, const struct command *facts);

struct commands_heard {
    size_t told;
    size_t senseless; /* left out */
};

/* Everything that `reply` says; a reply that is no array says nothing. */
struct commands_heard commands_from_reply(const struct redisReply *reply, command_told *told,
                                          void *context);

#endif
