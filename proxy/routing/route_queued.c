#include "proxy/routing/route_queued.h"

#include <stdio.h>

#include "proxy/cluster/slot.h"

/* Nodes answer these as slotway does, and they concern nothing but themselves. */
static bool is_alike_everywhere(const struct command *command)
{
    return command->id == COMMAND_ID_PING || command->id == COMMAND_ID_ECHO ||
           command->id == COMMAND_ID_TIME || command->id == COMMAND_ID_SELECT;
}

static const char not_there[] = "";

/* NULL when a node may be sent it. */
static const char *objection_to(const struct command *command)
{
    switch (command->class) {
    case COMMAND_CLASS_ONE_KEY:
        return command->id == COMMAND_ID_HIMPORT_SET
                   ? "its fields are slotway's, and a node executes EXEC"
                   : NULL;
    case COMMAND_CLASS_SAME_SLOT:
    case COMMAND_CLASS_SPLIT:
    case COMMAND_CLASS_SCRIPT:
    case COMMAND_CLASS_STREAM_READ:
    case COMMAND_CLASS_BLOCKING:
    case COMMAND_CLASS_ANY_NODE:
    case COMMAND_CLASS_TRANSACTION: return NULL;
    case COMMAND_CLASS_LOCAL:
        return is_alike_everywhere(command) ? NULL
                                            : "slotway answers it itself, and a node executes EXEC";
    case COMMAND_CLASS_WAIT:
    case COMMAND_CLASS_BROADCAST: return "it concerns all nodes, and one executes EXEC";
    case COMMAND_CLASS_PUBSUB: return "it changes a connection, and EXEC goes on a shared one";
    case COMMAND_CLASS_ADMIN:
    case COMMAND_CLASS_INTERNAL:
    case COMMAND_CLASS_UNCLEAR:
    case COMMAND_CLASS_CONTAINER: return not_there;
    }
    return not_there;
}

static bool keys_share_slot(const struct arguments *arguments, const struct keys *keys,
                            uint16_t slot)
{
    for (uint32_t i = 1; i < keys->count; i++) {
        if (slot_of(arguments->items[keys->index[i]]) != slot) {
            return false;
        }
    }
    return true;
}

/* A node that is to block in a transaction answers at once, as if the time were over. */
struct route route_queued(const struct command *command, const struct arguments *arguments,
                          struct keys *keys)
{
    if (objection_to(command) != NULL) {
        return (struct route){.kind = ROUTE_REFUSE, .error = ERROR_NOT_IN_MULTI};
    }
    if (keys_find(command, arguments, keys) != KEYS_FOUND) {
        return (struct route){.kind = ROUTE_ANY};
    }

    uint16_t slot = slot_of(arguments->items[keys->index[0]]);

    if (!keys_share_slot(arguments, keys, slot)) {
        return (struct route){.kind = ROUTE_REFUSE, .error = ERROR_CROSS_SLOT};
    }
    return (struct route){.kind = ROUTE_SLOT, .slot = slot};
}

const char *route_queued_refusal(const struct command *command, char *text, size_t size)
{
    const char *objection = objection_to(command);

    if (objection == not_there) {
        return route_refusal(command, ERROR_UNSUPPORTED, text, size);
    }
    snprintf(text, size, "'%s' cannot be part of a transaction: %s", command->name, objection);
    return text;
}
