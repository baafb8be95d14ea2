/* key_access.h - what a command does to each of its keys, for COMMAND GETKEYSANDFLAGS. Pure. */
#ifndef PROXY_COMMAND_KEY_ACCESS_H
#define PROXY_COMMAND_KEY_ACCESS_H

#include "common/sendq.h"
#include "proxy/command/command.h"

/* The KEY_* bits of the key that is argument `index`. */
uint32_t key_access_of(const struct command *command, const struct arguments *arguments,
                       uint32_t index);

/* An array of their names. */
void key_access_write(struct sendq *to, uint32_t access);

#endif
