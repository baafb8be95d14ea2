#include "proxy/downstream/transaction.h"

#include "common/resp_write.h"

void transaction_note_refusal(struct client *client, const struct command *command)
{
    if (command->id == COMMAND_ID_MULTI) {
        client->session.multi_was_refused = true;
    }
}

static void transaction_discard(struct client *client, const struct command *command)
{
    client->session.multi_was_refused = false;
    resp_write_status(client_reply_begin(client, command), "OK");
    client_reply_end(client);
}

/* What a server does at once, also between MULTI and EXEC. */
static bool is_served(const struct command *command)
{
    return command->id == COMMAND_ID_MULTI || command->id == COMMAND_ID_QUIT ||
           command->id == COMMAND_ID_RESET;
}

bool transaction_answer(struct client *client, const struct command *command)
{
    if (likely(!client->session.multi_was_refused) || is_served(command)) {
        return false;
    }
    if (command->id == COMMAND_ID_DISCARD) {
        transaction_discard(client, command);
    } else if (command->id == COMMAND_ID_EXEC) {
        client->session.multi_was_refused = false;
        client_refuse(client, command, ERROR_EXEC_ABORT, NULL);
    } else {
        client_refuse(client, command, ERROR_IN_TRANSACTION, command->name);
    }
    return true;
}
