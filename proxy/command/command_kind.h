/* command_kind.h - commands in few kinds, for metrics: a label must not have a value for each of
 * hundreds of commands. Immutable; any thread.
 */
#ifndef PROXY_COMMAND_COMMAND_KIND_H
#define PROXY_COMMAND_COMMAND_KIND_H

#include "proxy/command/command.h"

/* The first that fits a command counts. */
#define COMMAND_KINDS(ROW)                                                                         \
    ROW(BLOCKING, "blocking")       /* may wait at a node for as long as its client wishes */      \
    ROW(SCRIPT, "script")           /* scripts and functions */                                    \
    ROW(TRANSACTION, "transaction") /* MULTI to EXEC, WATCH */                                     \
    ROW(PUBSUB, "pubsub")                                                                          \
    ROW(WRITE, "write")                                                                            \
    ROW(READ, "read")                                                                              \
    ROW(ADMIN, "admin") /* what is about servers, connections, slotway */

enum command_kind {
#define ROW(symbol, name) COMMAND_KIND_##symbol,
    COMMAND_KINDS(ROW)
#undef ROW
        COMMAND_KIND_COUNT,
};

/* Which one it is of. */
enum command_kind command_kind(const struct command *command);

/* "read"; all of them in the order of the enum. */
const char *const *command_kind_names(void);

#endif
