#include "proxy/downstream/permission.h"

#include <stdio.h>

#include "proxy/downstream/acl_log.h"
#include "proxy/downstream/transaction.h"

struct acl_request permission_request(const struct client *client, const struct command *command)
{
    struct clients *clients = client->clients;

    return (struct acl_request){
        .table = clients->commands,
        .command = command,
        .arguments = &clients->arguments,
        .keys = &clients->keys,
    };
}

bool permission_is_lacking(const struct client *client, const struct command *command)
{
    const struct acl_request request = permission_request(client, command);

    return acl_check(client->session.user, &request).verdict != ACL_ALLOWED ||
           acl_check_sort(client->session.user, &request) != NULL;
}

static metric *counter_of(struct client *client, enum acl_verdict verdict)
{
    struct metrics *metrics = client->clients->metrics;

    switch (verdict) {
    case ACL_NO_COMMAND: return &metrics->denied_commands_total;
    case ACL_NO_KEY: return &metrics->denied_keys_total;
    case ACL_NO_CHANNEL: return &metrics->denied_channels_total;
    case ACL_NO_LOGIN: return &metrics->denied_logins_total;
    case ACL_ALLOWED:
    case ACL_VERDICT_COUNT: break;
    }
    CHECK(!"a refusal");
    return NULL;
}

static void note(struct client *client, enum acl_verdict verdict, struct span object,
                 struct span user)
{
    metric_add(counter_of(client, verdict), 1);
    acl_log_note(client, verdict, object, user);
}

void permission_note_login(struct client *client, const struct command *command, struct span user)
{
    note(client, ACL_NO_LOGIN, span_of(command->name), user);
}

/* As a server: what is not executed ends a transaction, be it EXEC itself. */
static void refuse(struct client *client, const struct command *command, enum error_symbol symbol,
                   const char *text)
{
    char detail[ACL_TEXT_MAX + 64];

    session_spoil(&client->session);
    if (command->id != COMMAND_ID_EXEC) {
        client_refuse(client, command, symbol, text);
        return;
    }
    transaction_drop(client);
    snprintf(detail, sizeof detail, "EXECABORT Transaction discarded because of: NOPERM %s", text);
    client_refuse(client, command, ERROR_COMMAND, detail);
}

void permission_note(struct client *client, const struct acl_request *request,
                     struct acl_ruling ruling)
{
    char name[COMMAND_NAME_MAX + 1];
    struct span object = ruling.verdict == ACL_NO_COMMAND
                             ? span_of(command_wire_name(request->command, name))
                             : request->arguments->items[ruling.argument];

    note(client, ruling.verdict, object, span_of(client->session.user->name));
}

static void refuse_ruling(struct client *client, const struct command *outer,
                          const struct acl_request *request, struct acl_ruling ruling)
{
    char text[ACL_TEXT_MAX];

    permission_note(client, request, ruling);
    refuse(client, outer, ERROR_NO_PERMISSION,
           acl_refusal(client->session.user, request, ruling, text));
}

bool permission_forbids_inner(struct client *client, const struct command *outer,
                              const struct acl_request *inner)
{
    struct acl_ruling ruling = acl_check(client->session.user, inner);

    if (ruling.verdict == ACL_ALLOWED) {
        return false;
    }
    refuse_ruling(client, outer, inner, ruling);
    return true;
}

bool permission_forbids(struct client *client, const struct command *command)
{
    const struct acl_request request = permission_request(client, command);
    char text[ACL_TEXT_MAX];
    char line[ACL_TEXT_MAX + 8];

    if (permission_forbids_inner(client, command, &request)) {
        return true;
    }

    const char *option = acl_check_sort(client->session.user, &request);

    if (option == NULL) {
        return false;
    }
    snprintf(line, sizeof line, "ERR %s", acl_sort_refusal(option, text));
    refuse(client, command, ERROR_COMMAND, line);
    return true;
}
