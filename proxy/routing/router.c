#include "proxy/routing/router.h"

#include <stdio.h>

#include "proxy/cluster/slot.h"
#include "proxy/command/timeout.h"

static const struct route unsupported = {.kind = ROUTE_REFUSE, .error = ERROR_UNSUPPORTED};

static struct route route_to(uint16_t slot)
{
    return (struct route){.kind = ROUTE_SLOT, .slot = slot};
}

static uint16_t slot_at(const struct arguments *arguments, uint32_t index)
{
    return slot_of(arguments->items[index]);
}

/* Do all keys share the first one's slot? Keys that are alike to the eye often are: same tag. */
static bool keys_share_slot(const struct arguments *arguments, const struct keys *keys)
{
    uint16_t first = slot_at(arguments, keys->index[0]);

    for (uint32_t i = 1; i < keys->count; i++) {
        if (slot_at(arguments, keys->index[i]) != first) {
            return false;
        }
    }
    return true;
}

static bool argument_is(const struct arguments *arguments, uint32_t index, struct span word)
{
    return index < arguments->count && span_equal_nocase(arguments->items[index], word);
}

/* MSETEX with NX or XX sets all keys or none: parts of it cannot know of each other. */
static bool is_all_or_nothing(const struct command *command, const struct arguments *arguments,
                              const struct keys *keys)
{
    if (command->id != COMMAND_ID_MSETEX) {
        return false;
    }
    for (uint32_t i = keys->index[keys->count - 1] + 2; i < arguments->count; i++) {
        if (argument_is(arguments, i, SPAN("NX")) || argument_is(arguments, i, SPAN("XX"))) {
            return true;
        }
    }
    return false;
}

/* Who blocks does so at one node. */
static bool is_splittable(const struct command *command, const struct arguments *arguments,
                          const struct keys *keys)
{
    struct timeout timeout;

    if (command->class == COMMAND_CLASS_STREAM_READ) {
        return timeout_find(command, arguments, &timeout) == TIMEOUT_NONE;
    }
    return command->class == COMMAND_CLASS_SPLIT && !is_all_or_nothing(command, arguments, keys);
}

static struct route route_keys(const struct command *command, const struct arguments *arguments,
                               struct keys *keys)
{
    switch (keys_find(command, arguments, keys)) {
    case KEYS_FOUND: break;
    /* No node executes a request whose keys make no sense: any of them says so in Redis's words. */
    case KEYS_NONE:
    case KEYS_UNCLEAR: return (struct route){.kind = ROUTE_ANY};
    }
    if (keys_share_slot(arguments, keys)) {
        return route_to(slot_at(arguments, keys->index[0]));
    }
    if (is_splittable(command, arguments, keys)) {
        return (struct route){.kind = ROUTE_SPLIT};
    }
    return (struct route){.kind = ROUTE_REFUSE, .error = ERROR_CROSS_SLOT};
}

static struct route route_broadcast(const struct command *command)
{
    return (struct route){.kind = command->request == TO_ALL_NODES ? ROUTE_NODES : ROUTE_PRIMARIES};
}

struct route route_request(const struct command *command, const struct arguments *arguments,
                           struct keys *keys)
{
    if (likely(command->only_key != 0)) {
        return command->class == COMMAND_CLASS_ONE_KEY
                   ? route_to(slot_at(arguments, command->only_key))
                   : unsupported;
    }
    switch (command->class) {
    case COMMAND_CLASS_ONE_KEY:
    case COMMAND_CLASS_SAME_SLOT:
    case COMMAND_CLASS_SPLIT:
    case COMMAND_CLASS_SCRIPT:
    case COMMAND_CLASS_BLOCKING:
    case COMMAND_CLASS_STREAM_READ: return route_keys(command, arguments, keys);
    case COMMAND_CLASS_WAIT: return (struct route){.kind = ROUTE_WRITTEN};
    case COMMAND_CLASS_BROADCAST: return route_broadcast(command);
    case COMMAND_CLASS_ANY_NODE: return (struct route){.kind = ROUTE_ANY};
    case COMMAND_CLASS_LOCAL:
    case COMMAND_CLASS_PUBSUB:
    case COMMAND_CLASS_TRANSACTION: return (struct route){.kind = ROUTE_LOCAL};
    case COMMAND_CLASS_ADMIN:
    case COMMAND_CLASS_INTERNAL:
    case COMMAND_CLASS_UNCLEAR:
    case COMMAND_CLASS_CONTAINER: return unsupported;
    }
    return unsupported;
}

const char *route_refusal(const struct command *command, enum error_symbol error, char *text,
                          size_t size)
{
    if (error == ERROR_CROSS_SLOT) {
        snprintf(text, size, "%s", command->name);
    } else {
        snprintf(text, size, "'%s' is %s", command->name, command_class_text(command->class));
    }
    return text;
}
