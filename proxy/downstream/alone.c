#include "proxy/downstream/alone.h"

#include "proxy/command/timeout.h"
#include "proxy/downstream/live.h"

/* Its parts wait for their nodes, and what is for a slot waits for that slot: the one knows nothing
 * of the other. */
static bool is_written_everywhere(const struct command *command)
{
    return command->class == COMMAND_CLASS_BROADCAST && (command->flags & COMMAND_WRITE) != 0;
}

bool alone_is_needed_for_odd(const struct client *client, const struct command *command,
                             const struct arguments *arguments)
{
    switch (command->id) {
    case COMMAND_ID_CLIENT_TRACKING:
    case COMMAND_ID_HELLO:
    case COMMAND_ID_HIMPORT_PREPARE:
    case COMMAND_ID_MONITOR:
    case COMMAND_ID_RESET:
    case COMMAND_ID_SCAN:
    case COMMAND_ID_SCRIPT_EXISTS:
    case COMMAND_ID_SCRIPT_FLUSH:
    case COMMAND_ID_WATCH:
    case COMMAND_ID_SUBSCRIBE:
    case COMMAND_ID_PSUBSCRIBE:
    case COMMAND_ID_SSUBSCRIBE:
    case COMMAND_ID_UNSUBSCRIBE:
    case COMMAND_ID_PUNSUBSCRIBE:
    case COMMAND_ID_SUNSUBSCRIBE: return true;
    case COMMAND_ID_EXEC: return client->session.watched.is_on || live_is_on(client);
    default: break;
    }
    if (is_written_everywhere(command)) {
        return true;
    }

    struct timeout timeout;

    return !client->session.is_in_multi &&
           timeout_find(command, arguments, &timeout) != TIMEOUT_NONE;
}
