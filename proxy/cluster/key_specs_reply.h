/* key_specs_reply.h - the key specs of one command, as COMMAND of Redis 7.0 tells them. Part of
 * commands_reply.
 */
#ifndef PROXY_CLUSTER_KEY_SPECS_REPLY_H
#define PROXY_CLUSTER_KEY_SPECS_REPLY_H

#include "proxy/command/command_class.h"

struct redisReply;

/* Room for the keywords of the specs. */
struct key_words {
    char text[COMMAND_KEY_SPECS][COMMAND_KEYWORD_MAX + 1];
};

/* Puts the specs that are understood into facts->keys. NOT_TOLD when there are others. */
enum keys_told key_specs_from_reply(const struct redisReply *specs, struct command *facts,
                                    struct key_words *words);

#endif
