/* alone.h - which requests are served with none of their client's before or behind them under way.
 *
 *      r1 r2 | BLPOP | r3 r4      BLPOP begins when r2 is answered, r3 when BLPOP is
 *
 * What goes on a connection of its own could overtake, or be overtaken by, what goes on the shared
 * one; what changes how a client is spoken to concerns all replies behind it and none before it;
 * what asks nodes in rounds, or adds to their answer what is known here, must not see what its
 * client asked for later, and what forgets that must not come before what is yet to be known. What
 * writes at every node, as FLUSHALL, must not change places with what is redirected, or waits.
 * client.h waits on both sides of such a request. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_ALONE_H
#define PROXY_DOWNSTREAM_ALONE_H

#include "proxy/downstream/client.h"

/* The same for what has been seen to be neither a plain command nor one for a slot. */
bool alone_is_needed_for_odd(const struct client *client, const struct command *command,
                             const struct arguments *arguments);

/* Is `command`, the request in hand, served alone? */
static inline bool alone_is_needed(const struct client *client, const struct command *command,
                                   const struct arguments *arguments)
{
    return unlikely(command->class >= COMMAND_CLASS_BROADCAST) &&
           alone_is_needed_for_odd(client, command, arguments);
}

#endif
