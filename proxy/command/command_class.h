/* command_class.h - what is done with a command of which only a node's own words are known. Pure.
 *
 *      has subcommands                               CONTAINER
 *      administers a node                            ADMIN
 *      subscribes, may block                         UNCLEAR
 *      one key                                       ONE_KEY
 *      keys, to be split, in a shape we can split    SPLIT
 *      other keys                                    SAME_SLOT
 *      no keys, for all shards or all nodes          BROADCAST
 *      no keys, no policy                            ANY_NODE
 *      anything else                                 UNCLEAR
 */
#ifndef PROXY_COMMAND_COMMAND_CLASS_H
#define PROXY_COMMAND_COMMAND_CLASS_H

#include "proxy/command/command.h"

enum keys_told {
    KEYS_TOLD,     /* the key specs of the row are all that can be known */
    KEYS_NOT_TOLD, /* there are keys that only the command's own parser finds */
};

/* Fills in what follows from the other facts: class, only_key; and what is said to write and only
 * to read, writes. A container has been marked as one before. Key specs that are not told do not
 * matter beside others: the node refuses a request whose keys do not share a slot. */
void command_classify(struct command *facts, enum keys_told told);

/* Is it of RediSearch, by its name? What it reads or writes is below other keys than it names: its
 * first argument is an index, which some versions call a key. */
bool command_is_search(const struct command *command);

#endif
