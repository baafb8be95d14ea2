/* command_table_parts.h - what a table of commands consists of: for command_table.c, which looks
 * commands up, and command_table_build.c, which makes it.
 */
#ifndef PROXY_COMMAND_COMMAND_TABLE_PARTS_H
#define PROXY_COMMAND_COMMAND_TABLE_PARTS_H

#include <stdatomic.h>

#include "proxy/command/command_table.h"

struct table_entry {
    const struct command *command;
    size_t name_size;
    size_t order; /* of being added: a later one replaces an earlier one */
    bool is_denied;
};

struct command_table_parts {
    _Atomic uint32_t references;
    bool denied[COMMAND_COUNT];
    struct table_entry *entries; /* by name, so that a container stands before its subcommands */
    size_t count;
    size_t added;                /* ever */
    const struct command **rows; /* it was made of, before the rules */
    size_t row_count;
    uint32_t *slots;    /* open addressing by name: index + 1 of an entry, 0 is free */
    uint32_t slot_mask; /* how many there are, a power of two, less one */
};

/* A name in lower case, "foo bar" for a subcommand, and where its look-up begins before the mask.
 */
struct folded_name {
    uint32_t hash;
    size_t size; /* more than COMMAND_NAME_MAX: no command is called so */
    char text[COMMAND_NAME_MAX];
};

/* Folds `first`, and behind it `second` unless that is NULL. */
void table_fold(struct folded_name *name, struct span first, const struct span *second);

/* The entry with that name; NULL. */
struct table_entry *table_entry(const struct command_table *table, const struct folded_name *name);

static inline bool table_is_subcommand(const char *name)
{
    return strchr(name, ' ') != NULL;
}

#endif
