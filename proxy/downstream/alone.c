#include "proxy/downstream/alone.h"

bool alone_is_needed_for_odd(const struct client *client, const struct command *command,
                             const struct arguments *arguments UNUSED)
{
    return command->id == COMMAND_ID_HELLO || command->id == COMMAND_ID_RESET ||
           command->id == COMMAND_ID_WATCH ||
           (command->id == COMMAND_ID_EXEC && client->session.watched.is_on);
}
