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
    [COMMAND_ID_ACL_LOG] = SHOWS(1),          [COMMAND_ID_ACL_SAVE] = SHOWS(0),
    [COMMAND_ID_ACL_SETUSER] = SHOWS(1),      [COMMAND_ID_CLIENT_KILL] = SHOWS(8),
    [COMMAND_ID_CLIENT_PAUSE] = SHOWS(2),     [COMMAND_ID_CLIENT_UNBLOCK] = SHOWS(2),
    [COMMAND_ID_CLIENT_UNPAUSE] = SHOWS(0),   [COMMAND_ID_COMMANDLOG_RESET] = SHOWS(1),
    [COMMAND_ID_CONFIG_RESETSTAT] = SHOWS(0), [COMMAND_ID_CONFIG_SET] = SHOWS(16),
    [COMMAND_ID_FLUSHALL] = SHOWS(1),         [COMMAND_ID_FLUSHDB] = SHOWS(1),
    [COMMAND_ID_FUNCTION_DELETE] = SHOWS(1),  [COMMAND_ID_FUNCTION_FLUSH] = SHOWS(1),
    [COMMAND_ID_FUNCTION_KILL] = SHOWS(0),    [COMMAND_ID_FUNCTION_LOAD] = SHOWS(0),
    [COMMAND_ID_FUNCTION_RESTORE] = SHOWS(0), [COMMAND_ID_HOTKEYS_RESET] = SHOWS(0),
    [COMMAND_ID_HOTKEYS_START] = SHOWS(0),    [COMMAND_ID_HOTKEYS_STOP] = SHOWS(0),
    [COMMAND_ID_LATENCY_RESET] = SHOWS(0),    [COMMAND_ID_MEMORY_PURGE] = SHOWS(0),
    [COMMAND_ID_MONITOR] = SHOWS(0),          [COMMAND_ID_PROXY_DRAIN] = SHOWS(3),
    [COMMAND_ID_PROXY_NODE] = SHOWS(3),       [COMMAND_ID_PROXY_PAUSE] = SHOWS(3),
    [COMMAND_ID_PROXY_RESUME] = SHOWS(2),     [COMMAND_ID_SCRIPT_FLUSH] = SHOWS(1),
    [COMMAND_ID_SCRIPT_KILL] = SHOWS(0),      [COMMAND_ID_SLOWLOG_RESET] = SHOWS(0),
};

#undef SHOWS

/* Whoever reads ACL LOG changes nothing. */
static bool is_order(const struct command *command, const struct arguments *arguments)
{
    if (likely(orders[command->id] == 0)) {
        return false;
    }
    return command->id != COMMAND_ID_ACL_LOG ||
           (arguments->count > 2 && span_equal_nocase(arguments->items[2], SPAN("reset")));
}

/* Of a command for one node its subcommand, too. */
static bool names_subcommand(const struct arguments *arguments)
{
    const struct command *inner =
        arguments->count > 3 ? command_by_name(arguments->items[3]) : NULL;

    return inner != NULL && inner->has_subcommands;
}

/* Is the argument of that index one that says what is meant? */
static bool is_shown(const struct command *command, const struct arguments *arguments,
                     uint32_t index)
{
    switch ((int)command->id) {
    case COMMAND_ID_CONFIG_SET: return index % 2 == 0; /* names, without their values */
    case COMMAND_ID_PROXY_NODE: return index < 4 || names_subcommand(arguments);
    default: return true;
    }
}

/* The words behind the name, which is one or two itself. */
static void print_arguments(const struct arguments *arguments, const struct command *command,
                            char text[SHOWN_BYTES])
{
    uint32_t first = strchr(command->name, ' ') == NULL ? 1 : 2;
    uint32_t end = (uint32_t)size_min(arguments->count, first + orders[command->id] - 1u);
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = first; i < end; i++) {
        struct span word = arguments->items[i];
        int size = !is_shown(command, arguments, i)
                       ? 0
                       : snprintf(text + used, SHOWN_BYTES - used, "%s%.*s", i == first ? "" : " ",
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

    if (!is_order(command, &clients->arguments) || !clients->config->audit) {
        return;
    }
    print_arguments(&clients->arguments, command, text);
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
