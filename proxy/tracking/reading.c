#include "proxy/tracking/reading.h"

static bool command_may_read(const struct command *command)
{
    return (command->flags & COMMAND_READONLY) != 0 || command->class == COMMAND_CLASS_SCRIPT;
}

bool reading_is_read(const struct request *request)
{
    return command_may_read(request->command) || request->command->id == COMMAND_ID_EXEC;
}

static bool visit_keys(const struct command *command, const struct arguments *arguments,
                       struct keys *keys, void (*visit)(void *context, struct span key),
                       void *context)
{
    switch (keys_find(command, arguments, keys)) {
    case KEYS_FOUND: break;
    case KEYS_NONE: return true;
    case KEYS_UNCLEAR: return false;
    }
    for (uint32_t i = 0; i < keys->count; i++) {
        visit(context, arguments->items[keys->index[i]]);
    }
    return true;
}

/* Inside of a transaction each command has a row of its own, which may have been learned from the
 * nodes: then it is not looked up here, and whether it reads is not known. */
static bool visit_command(const struct request *request, const struct arguments *arguments,
                          struct keys *keys, void (*visit)(void *context, struct span key),
                          void *context)
{
    const struct command *command = request->command;

    if (command->id == COMMAND_ID_EXEC && command_find(arguments, &command) != COMMAND_FOUND) {
        return false;
    }
    return !command_may_read(command) || visit_keys(command, arguments, keys, visit, context);
}

/* The next request in `left`, which is cut off. */
static bool take_request(struct span *left, struct arguments *arguments)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct request_scan scan = {0};
    size_t used = 0;

    if (request_scan_next(&scan, &no_limits, *left, arguments, &used) != SCAN_DONE) {
        return false;
    }
    left->at += used;
    left->size -= used;
    return true;
}

bool reading_each_key(const struct request *request, struct arguments *arguments, struct keys *keys,
                      void (*visit)(void *context, struct span key), void *context)
{
    struct span left = request->bytes;
    bool is_whole = true;

    while (left.size > 0) {
        if (!take_request(&left, arguments)) {
            return false;
        }
        is_whole = visit_command(request, arguments, keys, visit, context) && is_whole;
    }
    return is_whole;
}

/* Those with one key whose good answer says that it has another value now. */
static bool has_changed(const struct request *request, struct span reply)
{
    switch (request->command->id) {
    case COMMAND_ID_SET:
    case COMMAND_ID_SETEX:
    case COMMAND_ID_PSETEX:
    case COMMAND_ID_HMSET: return reply.at[0] == '+';
    case COMMAND_ID_APPEND:
    case COMMAND_ID_INCR:
    case COMMAND_ID_INCRBY:
    case COMMAND_ID_DECR:
    case COMMAND_ID_DECRBY:
    case COMMAND_ID_HSET:
    case COMMAND_ID_HINCRBY:
    case COMMAND_ID_LPUSH:
    case COMMAND_ID_RPUSH: return reply.at[0] == ':';
    case COMMAND_ID_DEL:
    case COMMAND_ID_UNLINK:
    case COMMAND_ID_HDEL:
    case COMMAND_ID_SADD:
    case COMMAND_ID_SREM:
    case COMMAND_ID_ZADD:
    case COMMAND_ID_ZREM:
    case COMMAND_ID_SETNX:
    case COMMAND_ID_EXPIRE:
    case COMMAND_ID_PEXPIRE:
    case COMMAND_ID_PERSIST: return reply.at[0] == ':' && reply.at[1] != '0' && reply.at[1] != '-';
    default: return false;
    }
}

bool reading_changed_key(const struct request *request, struct span reply,
                         struct arguments *arguments, struct keys *keys, struct span *key)
{
    struct span left = request->bytes;

    if (!has_changed(request, reply) || !take_request(&left, arguments) ||
        keys_find(request->command, arguments, keys) != KEYS_FOUND || keys->count != 1) {
        return false;
    }
    *key = arguments->items[keys->index[0]];
    return true;
}
