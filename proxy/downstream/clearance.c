#include "proxy/downstream/clearance.h"

#include <stdio.h>

#include "proxy/downstream/clearance_need.h"
#include "proxy/downstream/inquiry.h"
#include "proxy/downstream/local.h"
#include "proxy/downstream/login.h"
#include "proxy/downstream/newcomer.h"

static enum clearance_need need_of(const struct client *client, const struct command *command)
{
    return client->session.is_in_multi
               ? NEED_NOTHING
               : clearance_need_of(command, &client->clients->arguments, local_has(command));
}

/* Of a stranger anything but what makes it one that is known. */
static bool is_to_ask(struct client *client, const struct command *command,
                      enum clearance_need need)
{
    switch (need) {
    case NEED_PROOF:
    case NEED_RIGHT:
    case NEED_LOGIN: return true;
    case NEED_NOTHING:
    case NEED_NODE:
    case NEED_ANOTHER_MODE: break;
    }
    return (command->flags & COMMAND_NO_AUTH) == 0 && newcomer_is_stranger(client);
}

bool clearance_is_known(struct client *client, const struct command *command)
{
    enum clearance_need need = need_of(client, command);

    if (inquiry_is_over(client) || !is_to_ask(client, command, need)) {
        return true;
    }
    client->is_alone = true;
    if (!pipeline_is_empty(&client->pipeline) || !inquiry_begin(client, command, need)) {
        return false;
    }
    client->is_alone = false;
    return true;
}

bool clearance_forbids(struct client *client, const struct command *command)
{
    enum error_symbol error;
    const char *words;

    if (need_of(client, command) == NEED_ANOTHER_MODE) {
        char text[128];

        snprintf(text, sizeof text,
                 "ERR '%s' is not available where clients.auth is nodes, see docs/users.md",
                 command->name);
        client_refuse(client, command, ERROR_COMMAND, text);
        return true;
    }
    if (!inquiry_found_objection(client, &error, &words)) {
        return false;
    }
    login_note_refusal(client, command, words);
    client_refuse(client, command, error, words);
    return true;
}

bool clearance_sends(const struct client *client, const struct command *command)
{
    return need_of(client, command) == NEED_NODE;
}
