#include "proxy/downstream/local.h"

#include "proxy/downstream/local_call.h"

static local_handler *const handlers[COMMAND_IDS] = {
#define LOCAL_HANDLER(symbol, function) [COMMAND_ID_##symbol] = function,
#include "proxy/downstream/local_handlers.def"
};

bool local_has(const struct command *command)
{
    return handlers[command->id] != NULL;
}

bool local_sends(const struct command *command)
{
    return local_has(command) && command->class == COMMAND_CLASS_BROADCAST &&
           command->id != COMMAND_ID_INFO && command->id != COMMAND_ID_CONFIG_GET;
}

void local_answer(struct client *client, const struct command *command,
                  const struct arguments *arguments, struct block *block, struct span bytes)
{
    struct local_call call = {client, command, arguments, block, bytes};

    CHECK(local_has(command));
    handlers[command->id](&call);
}
