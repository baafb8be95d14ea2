#include "proxy/downstream/alone.h"

bool alone_is_needed_for_odd(const struct client *client UNUSED, const struct command *command,
                             const struct arguments *arguments UNUSED)
{
    return command->id == COMMAND_ID_HELLO || command->id == COMMAND_ID_RESET;
}
