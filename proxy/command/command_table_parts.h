/* command_table_parts.h - what a table of commands consists of: for command_table.c, which looks
 * commands up, and command_table_build.c, which makes it.
 */
#ifndef PROXY_COMMAND_COMMAND_TABLE_PARTS_H
#define PROXY_COMMAND_COMMAND_TABLE_PARTS_H

#include <stdatomic.h>

#include "proxy/command/command_table.h"

struct table_entry {
    const struct command *command;
    size_t order; /* of being added: a later one replaces an earlier one */
    bool is_denied;
};

struct command_table {
    _Atomic uint32_t references;
    bool denies_rows; /* any of commands.def */
    bool denied[COMMAND_COUNT];
    struct table_entry *entries; /* by name, so that a container stands before its subcommands */
    size_t count;
    size_t added;       /* ever */
    uint32_t *slots;    /* open addressing by name: index + 1 of an entry, 0 is free */
    uint32_t slot_mask; /* how many there are, a power of two, less one */
};

/* Where the look-up of a name begins, before the mask. */
uint32_t table_hash(const char *text, size_t size);

/* The entry with that name, in lower case, "foo bar" for a subcommand; NULL. */
struct table_entry *table_entry(const struct command_table *table, const char *text, size_t size);

static inline bool table_is_subcommand(const char *name)
{
    return strchr(name, ' ') != NULL;
}

#endif
