#include "proxy/command/command_kind.h"

static const char *const names[] = {
#define ROW(symbol, name) [COMMAND_KIND_##symbol] = name,
    COMMAND_KINDS(ROW)
#undef ROW
};

/* The others are told by their flags. */
static enum command_kind kind_of_flags(const struct command *command)
{
    if ((command->flags & COMMAND_PUBSUB) != 0) {
        return COMMAND_KIND_PUBSUB;
    }
    if ((command->flags & COMMAND_WRITE) != 0) {
        return COMMAND_KIND_WRITE;
    }
    if ((command->flags & COMMAND_READONLY) != 0) {
        return COMMAND_KIND_READ;
    }
    return COMMAND_KIND_ADMIN;
}

enum command_kind command_kind(const struct command *command)
{
    switch (command->class) {
    case COMMAND_CLASS_BLOCKING:
    case COMMAND_CLASS_STREAM_READ:
    case COMMAND_CLASS_WAIT: return COMMAND_KIND_BLOCKING;
    case COMMAND_CLASS_SCRIPT: return COMMAND_KIND_SCRIPT;
    case COMMAND_CLASS_TRANSACTION: return COMMAND_KIND_TRANSACTION;
    case COMMAND_CLASS_PUBSUB: return COMMAND_KIND_PUBSUB;
    case COMMAND_CLASS_ONE_KEY:
    case COMMAND_CLASS_SAME_SLOT:
    case COMMAND_CLASS_SPLIT:
    case COMMAND_CLASS_BROADCAST:
    case COMMAND_CLASS_ANY_NODE:
    case COMMAND_CLASS_LOCAL:
    case COMMAND_CLASS_ADMIN:
    case COMMAND_CLASS_INTERNAL:
    case COMMAND_CLASS_UNCLEAR:
    case COMMAND_CLASS_CONTAINER: break;
    }
    return kind_of_flags(command);
}

const char *const *command_kind_names(void)
{
    return names;
}
