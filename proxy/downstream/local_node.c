/* PROXY NODE: a command for one node, which the client names, and that node's own answer. */
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/node_view.h"
#include "proxy/downstream/permission.h"

/* What they change belongs to a connection, and ours are everybody's. */
static const enum command_id connection_commands[] = {
    COMMAND_ID_ASKING,
    COMMAND_ID_AUTH,
    COMMAND_ID_CLIENT_CACHING,
    COMMAND_ID_CLIENT_CAPA,
    COMMAND_ID_CLIENT_NO_EVICT,
    COMMAND_ID_CLIENT_NO_TOUCH,
    COMMAND_ID_CLIENT_REPLY,
    COMMAND_ID_CLIENT_SETINFO,
    COMMAND_ID_CLIENT_SETNAME,
    COMMAND_ID_CLIENT_TRACKING,
    COMMAND_ID_CLIENT_IMPORT_SOURCE,
    COMMAND_ID_HELLO,
    COMMAND_ID_HIMPORT_DISCARD,
    COMMAND_ID_HIMPORT_DISCARDALL,
    COMMAND_ID_HIMPORT_PREPARE,
    COMMAND_ID_MONITOR,
    COMMAND_ID_QUIT,
    COMMAND_ID_READONLY,
    COMMAND_ID_READWRITE,
    COMMAND_ID_RESET,
    COMMAND_ID_SCRIPT_DEBUG,
    COMMAND_ID_SELECT,
};

static bool is_of_a_connection(const struct command *command)
{
    for (size_t i = 0; i < ARRAY_LEN(connection_commands); i++) {
        if (connection_commands[i] == command->id) {
            return true;
        }
    }
    return (command->flags & COMMAND_BLOCKING) != 0;
}

static bool is_own(const struct command *command)
{
    return strcmp(command->since, "slotway") == 0;
}

/* NULL when it may be sent. */
static const char *objection_to(const struct command *command)
{
    static const char shared[] = "it changes or blocks a connection, and slotway's are shared";

    switch (command->class) {
    case COMMAND_CLASS_ADMIN:
    case COMMAND_CLASS_BROADCAST:
    case COMMAND_CLASS_ANY_NODE:
    case COMMAND_CLASS_LOCAL:
    case COMMAND_CLASS_UNCLEAR: break;
    case COMMAND_CLASS_ONE_KEY:
    case COMMAND_CLASS_SAME_SLOT:
    case COMMAND_CLASS_SPLIT:
    case COMMAND_CLASS_SCRIPT:
    case COMMAND_CLASS_STREAM_READ: return "its keys say which node it is for, so send it without";
    case COMMAND_CLASS_BLOCKING:
    case COMMAND_CLASS_WAIT:
    case COMMAND_CLASS_TRANSACTION:
    case COMMAND_CLASS_PUBSUB: return shared;
    case COMMAND_CLASS_INTERNAL: return "it is internal to a cluster's nodes";
    case COMMAND_CLASS_CONTAINER: return "it has subcommands";
    }
    if (is_own(command)) {
        return "it is slotway's own";
    }
    return is_of_a_connection(command) ? shared : NULL;
}

/* Refuses the call and returns NULL when it names no command that may be sent. */
static const struct command *call_find_command(const struct local_call *call,
                                               const struct arguments *inner)
{
    const struct command *command = NULL;
    char text[ERROR_REPLY_MAX];
    enum command_result result =
        command_table_find(call->client->clients->commands, inner, &command);

    if (result != COMMAND_FOUND) {
        call_error(call, "%s", command_error(result, command, inner, text, sizeof text));
        return NULL;
    }

    const char *objection = objection_to(command);

    if (objection != NULL) {
        call_error(call, "ERR proxy: '%s' cannot be sent by PROXY NODE: %s", command->name,
                   objection);
        return NULL;
    }
    return command;
}

static void call_send(const struct local_call *call, const struct command *command,
                      const struct arguments *inner, const struct pool *pool)
{
    struct client *client = call->client;
    struct sendq composed;

    sendq_init(&composed);
    resp_write_request(&composed, inner->items, inner->count);

    struct block *block = sendq_flatten(&composed);
    struct request *request =
        client_request_begin(client, command, block, (struct span){block->bytes, block->used});

    sendq_clear(&composed);
    block_release(&block);
    request->target = TARGET_NODE;
    request->node = pool->index;
    request->node_serial = pool->serial;
    special_of(request)->passes_halt = true;
    dispatcher_send(client_dispatcher(client), request);
}

void local_proxy_node(const struct local_call *call)
{
    const struct pool_config *config = call->client->clients->config;
    struct span name = call_word(call, 2);
    struct arguments inner = call_inner(call, 3);

    if (!config->clients_admin) {
        call_error(call,
                   "ERR proxy: PROXY NODE is not allowed here; clients.admin: true in the "
                   "configuration of pool '%s' allows it",
                   config->name);
        return;
    }

    const struct command *command = call_find_command(call, &inner);

    if (command == NULL) {
        return;
    }

    struct acl_request request = permission_request(call->client, command);

    request.arguments = &inner;
    if (permission_forbids_inner(call->client, call->command, &request)) {
        return;
    }

    const struct pool *pool = node_view_find(call->client, name);

    if (pool == NULL) {
        call_error(call, "ERR proxy: no node '%.*s' is known; PROXY TOPOLOGY lists them",
                   call_shown(name), name.at);
        return;
    }
    call_send(call, command, &inner, pool);
}
