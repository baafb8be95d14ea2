#include "proxy/downstream/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "proxy/downstream/client_line.h"

enum { SHOWN_BYTES = 256 };

/* Of which commands there is a line: 1, and how many of their arguments it shows. */
#define SHOWS(arguments) (1 + (arguments))

static const uint8_t orders[COMMAND_IDS] = {
    [COMMAND_ID_ACL_DELUSER] = SHOWS(8),      [COMMAND_ID_ACL_LOAD] = SHOWS(0),
    [COMMAND_ID_ACL_SAVE] = SHOWS(0),         [COMMAND_ID_ACL_SETUSER] = SHOWS(1),
    [COMMAND_ID_CLIENT_KILL] = SHOWS(8),      [COMMAND_ID_CLIENT_PAUSE] = SHOWS(2),
    [COMMAND_ID_CLIENT_UNBLOCK] = SHOWS(2),   [COMMAND_ID_CLIENT_UNPAUSE] = SHOWS(0),
    [COMMAND_ID_COMMANDLOG_RESET] = SHOWS(1), [COMMAND_ID_CONFIG_RESETSTAT] = SHOWS(0),
    [COMMAND_ID_FLUSHALL] = SHOWS(1),         [COMMAND_ID_FLUSHDB] = SHOWS(1),
    [COMMAND_ID_FUNCTION_DELETE] = SHOWS(1),  [COMMAND_ID_FUNCTION_FLUSH] = SHOWS(1),
    [COMMAND_ID_FUNCTION_KILL] = SHOWS(0),    [COMMAND_ID_FUNCTION_LOAD] = SHOWS(0),
    [COMMAND_ID_FUNCTION_RESTORE] = SHOWS(0), [COMMAND_ID_LATENCY_RESET] = SHOWS(0),
    [COMMAND_ID_MONITOR] = SHOWS(0),          [COMMAND_ID_PROXY_DRAIN] = SHOWS(3),
    [COMMAND_ID_PROXY_NODE] = SHOWS(2),       [COMMAND_ID_PROXY_PAUSE] = SHOWS(3),
    [COMMAND_ID_PROXY_RESUME] = SHOWS(2),     [COMMAND_ID_SCRIPT_FLUSH] = SHOWS(1),
    [COMMAND_ID_SCRIPT_KILL] = SHOWS(0),      [COMMAND_ID_SLOWLOG_RESET] = SHOWS(0),
};

#undef SHOWS

/* The words behind the name, which is one or two itself. */
static void print_arguments(const struct arguments *arguments, const struct command *command,
                            uint32_t most, char text[SHOWN_BYTES])
{
    uint32_t first = strchr(command->name, ' ') == NULL ? 1 : 2;
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = first; i < arguments->count && i < first + most; i++) {
        struct span word = arguments->items[i];
        int size = snprintf(text + used, SHOWN_BYTES - used, "%s%.*s", i == first ? "" : " ",
                            (int)size_min(word.size, SHOWN_BYTES), word.at);

        used = size_min(used + (size_t)(size < 0 ? 0 : size), SHOWN_BYTES - 1);
    }
}

static const char *name_of(const struct client *client)
{
    const char *name = session_text(&client->session, TEXT_NAME);

    return name == NULL ? "" : name;
}

void audit_order(const struct client *client, const struct command *command)
{
    const struct clients *clients = client->clients;
    char text[SHOWN_BYTES];
    struct client_ends ends;

    if (likely(orders[command->id] == 0) || !clients->config->audit) {
        return;
    }
    print_arguments(&clients->arguments, command, orders[command->id] - 1u, text);
    client_ends_of(client, &ends);
    log_info("order of a client",
             "kind=audit pool=%s client=%" PRIu64 " user=%s address=%s command=%s "
             "arguments=%s name=%s",
             clients->config->name, client->session.id, client_user(client), ends.peer,
             command->name, text, name_of(client));
}

static void note_denial(const struct client *client, const char *command, const char *reason)
{
    const struct clients *clients = client->clients;
    struct client_ends ends;

    if (!clients->config->audit) {
        return;
    }
    client_ends_of(client, &ends);
    log_info("denied to a client",
             "kind=audit pool=%s client=%" PRIu64 " user=%s address=%s command=%s "
             "reason=%s name=%s",
             clients->config->name, client->session.id, client_user(client), ends.peer, command,
             reason, name_of(client));
}

/* Of what slotway does not do at all, only administration is worth a line. */
void audit_refusal(const struct client *client, const struct command *command,
                   enum error_symbol symbol)
{
    bool is_admin = command != NULL && (command->flags & COMMAND_ADMIN) != 0;

    if (symbol == ERROR_NO_AUTH || symbol == ERROR_WRONG_PASS || symbol == ERROR_NO_PERMISSION ||
        (symbol == ERROR_UNSUPPORTED && is_admin)) {
        note_denial(client, command == NULL ? "" : command->name, error_reply_names()[symbol]);
    }
}

void audit_denial(const struct client *client, const struct command *command)
{
    note_denial(client, command->name, "configuration");
}
