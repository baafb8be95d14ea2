/* command_names.h - the names of commands.def: how a row is found, in any case of its letters.
 *
 *      words    "g" "e" "t"  0   0 …      a name is three words of eight bytes, zeros at its end
 *      letters   20  20  20  0   0 …      where it has letters, the bit that makes them lower case
 *
 * What a client sent is a row's name if it is the same once that row's letters are lower case: so
 * '@' never passes for a '`', nor '_' for what is 0x20 behind it. Open addressing: a name is in the
 * slot that its hash says, or in one of those behind it, in front of the next free one. Never
 * changes after the start; any thread.
 */
#ifndef PROXY_COMMAND_COMMAND_NAMES_H
#define PROXY_COMMAND_COMMAND_NAMES_H

#include "common/span.h"
#include "common/word.h"

enum {
    NAME_WORDS = 3,
    NAME_HASH_BITS = 10,
    NAME_SLOTS = 1 << NAME_HASH_BITS,
};

#define NAME_CASES UINT64_C(0x2020202020202020)

struct command;

struct command_name {
    uint64_t words[NAME_WORDS];
    uint64_t letters[NAME_WORDS];
    uint64_t owner;                /* its size, and above it of which container it is one */
    const struct command *command; /* NULL: free, and all else is zero */
};

extern struct command_name command_names[NAME_SLOTS];

/* For the start only. The name is lower case, and its container has been added. */
void command_names_add(struct span name, const struct command *container,
                       const struct command *command);

/* The row of `name`, or of the subcommand `name` of `container`; NULL. */
const struct command *command_named(struct span name, const struct command *container) MUST_USE;

/* The first slot for names with that mix of words. With this number the commands that are in
 * daily use do not get in each other's way. */
static inline uint32_t name_hash(uint64_t words)
{
    return (uint32_t)((words & ~NAME_CASES) * UINT64_C(0xf549d03bbd3cf443) >>
                      (64 - NAME_HASH_BITS));
}

/* As command_named, for a name of eight bytes or less and no container. */
static inline const struct command *command_named_short(struct span name)
{
    uint64_t word = word_load(name.at, name.size);

    for (uint32_t at = name_hash(word);; at = (at + 1) % NAME_SLOTS) {
        const struct command_name *slot = &command_names[at];

        if (likely((word | slot->letters[0]) == slot->words[0] && name.size == slot->owner) ||
            slot->command == NULL) {
            return slot->command;
        }
    }
}

#endif
