/* keys.h - which arguments of a request are keys. Pure; any thread. */
#ifndef PROXY_COMMAND_KEYS_H
#define PROXY_COMMAND_KEYS_H

#include "proxy/command/command.h"

/* Indices into the arguments, in the order COMMAND GETKEYS gives. Zero-initialise once and use
 * again and again: memory is kept between calls. */
struct keys {
    uint32_t *index;
    uint32_t count;
    uint32_t capacity;
};

enum keys_result {
    KEYS_FOUND = 0, /* one or more */
    KEYS_NONE,      /* the command has no key in these arguments */
    KEYS_UNCLEAR,   /* arguments do not make sense (a bad numkeys): a server refuses them, and any
                     * node may be asked to do so in its own words */
};

/* Finds the keys of a request whose arity has been checked. */
enum keys_result keys_find(const struct command *command, const struct arguments *arguments,
                           struct keys *keys) MUST_USE;

void keys_clear(struct keys *keys);

#endif
