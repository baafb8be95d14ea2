#include "proxy/downstream/transaction.h"

#include <stdio.h>

#include "common/resp_write.h"
#include "proxy/downstream/live.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/pause.h"
#include "proxy/downstream/requests.h"
#include "proxy/downstream/sampled_request.h"
#include "proxy/downstream/scripted.h"
#include "proxy/downstream/watching.h"
#include "proxy/routing/route_queued.h"

enum { DETAIL_MAX = 512 };

/* A server executes these at once, also between MULTI and EXEC. */
static bool is_executed_at_once(const struct command *command)
{
    switch (command->id) {
    case COMMAND_ID_MULTI:
    case COMMAND_ID_EXEC:
    case COMMAND_ID_DISCARD:
    case COMMAND_ID_WATCH:
    case COMMAND_ID_QUIT:
    case COMMAND_ID_RESET: return true;
    default: return false;
    }
}

static void spoil(struct client *client, const struct command *command, enum error_symbol symbol,
                  const char *detail)
{
    session_spoil(&client->session);
    client_refuse(client, command, symbol, detail);
}

/* The slot that all keys must share; SLOT_NONE while any will do. */
static uint16_t bound_slot(const struct session *session)
{
    const struct queued *queued = session_queued(session);

    return queued->slot != SLOT_NONE ? queued->slot : session->watched.slot;
}

static bool is_in_another_slot(const struct session *session, const struct route *route)
{
    uint16_t slot = bound_slot(session);

    return route->kind == ROUTE_SLOT && slot != SLOT_NONE && route->slot != slot;
}

static void spoil_refused(struct client *client, const struct command *command,
                          enum error_symbol symbol)
{
    char detail[DETAIL_MAX];

    if (symbol == ERROR_NOT_IN_MULTI) {
        spoil(client, command, symbol, route_queued_refusal(command, detail, sizeof detail));
    } else {
        spoil(client, command, symbol, command->name);
    }
}

/* A script may go with its body instead of its name. */
static bool queue_add(struct client *client, struct queued_command added)
{
    struct block *block =
        added.command->class == COMMAND_CLASS_SCRIPT ? scripted_queue(client, &added) : NULL;
    bool is_added;

    if (block != NULL) {
        added.block = block;
        added.bytes = (struct span){block->bytes, block->used};
    }
    is_added = queued_add(session_open_queued(&client->session), &added,
                          client->clients->config->clients_request_bytes);
    block_release(&block);
    return is_added;
}

static void queue(struct client *client, const struct queued_command *added)
{
    struct queued *queued = session_open_queued(&client->session);

    if (!queue_add(client, *added)) {
        spoil(client, added->command, ERROR_TRANSACTION_SIZE, NULL);
        return;
    }
    queued->writes = queued->writes || pause_is_write(added->command);
    sampled_request_queue(client, added->command);
    if (live_asks(client, added)) {
        return;
    }
    resp_write_status(client_reply_begin(client, added->command), "QUEUED");
    client_reply_end(client);
}

/* In a server's words; NULL: none. Of MONITOR and SELECT a server says so at EXEC, but older ones
 * would make a monitor of a connection that is not this client's alone, and one with several
 * databases would leave it in another. */
static const char *objection_of_server(const struct command *command,
                                       const struct arguments *arguments)
{
    if (command->id == COMMAND_ID_MONITOR) {
        return "ERR MONITOR isn't allowed for DENY BLOCKING client";
    }
    if (command->id == COMMAND_ID_SELECT && arguments->count == 2 &&
        !span_equal(arguments->items[1], SPAN("0"))) {
        return "ERR DB index is out of range";
    }
    return (command->flags & COMMAND_NO_MULTI) != 0 ? "ERR Command not allowed inside a transaction"
                                                    : NULL;
}

bool transaction_takes_queued(struct client *client, const struct command *command,
                              struct block *block, struct span bytes)
{
    struct clients *clients = client->clients;

    if (is_executed_at_once(command)) {
        return false;
    }

    const char *objection = objection_of_server(command, &clients->arguments);

    if (objection != NULL) {
        spoil(client, command, ERROR_COMMAND, objection);
        return true;
    }

    struct route route = route_queued(command, &clients->arguments, &clients->keys);

    if (route.kind == ROUTE_REFUSE) {
        spoil_refused(client, command, route.error);
    } else if (is_in_another_slot(&client->session, &route)) {
        spoil_refused(client, command, ERROR_CROSS_SLOT_QUEUED);
    } else if (requests_shed(client, command)) {
        session_spoil(&client->session);
    } else {
        uint16_t slot = route.kind == ROUTE_SLOT ? route.slot : SLOT_NONE;

        queue(client, &(struct queued_command){command, slot, block, bytes});
    }
    return true;
}

/* Before it queues a command a server looks at the row's arity alone. */
static bool is_queued_by_a_server(const struct command *command, int64_t count)
{
    return command->arity < 0 ? count >= -command->arity : count == command->arity;
}

bool transaction_bears(struct client *client, enum command_result result,
                       const struct command *command)
{
    if (result == COMMAND_BAD_ARITY && command->id == COMMAND_ID_EXEC) {
        return true;
    }
    if (result == COMMAND_BAD_ARITY && client->session.is_in_multi &&
        is_queued_by_a_server(command, client->clients->arguments.count)) {
        return true;
    }
    session_spoil(&client->session);
    return false;
}

void transaction_drop(struct client *client)
{
    session_end_multi(&client->session);
    watching_end(client);
}

void local_multi(const struct local_call *call)
{
    struct session *session = &call->client->session;

    if (session->is_in_multi) {
        call_error(call, "ERR MULTI calls can not be nested");
        return;
    }
    session_begin_multi(session);
    call_status(call, "OK");
}

void local_discard(const struct local_call *call)
{
    if (!call->client->session.is_in_multi) {
        call_error(call, "ERR DISCARD without MULTI");
        return;
    }
    transaction_drop(call->client);
    call_status(call, "OK");
}

/* What a node objected to was answered with QUEUED by us, so it is said here. */
static void done_with_objection(struct request *request, enum error_symbol symbol,
                                const char *prefix)
{
    const struct block *objection = request->special->objection;
    struct client *client = request->owner;
    char text[DETAIL_MAX];
    char line[ERROR_REPLY_MAX];

    snprintf(text, sizeof text, "%s%.*s", prefix, (int)size_min(objection->used - 3, sizeof text),
             objection->bytes + 1);
    client_on_done(request, NULL, error_reply(symbol, text, client->clients->metrics, line));
}

/* A node that knows no MULTI, or not for slotway's user, executes what stands behind it. */
void transaction_on_done(struct request *request, struct block *block, struct span bytes)
{
    if (likely(request->special->objection == NULL)) {
        client_on_done(request, block, bytes);
    } else if (span_starts_with(bytes, SPAN("-EXECABORT"))) {
        done_with_objection(request, ERROR_COMMAND, "EXECABORT Transaction discarded because of: ");
    } else if (span_starts_with(bytes, SPAN("-ERR EXEC without MULTI"))) {
        done_with_objection(request, ERROR_MULTI_REFUSED, "");
    } else {
        client_on_done(request, block, bytes);
    }
}

/* `request`, which has the burst, goes by what is known of it; there is no transaction any more. */
static void transaction_end(struct client *client, struct request *request)
{
    const struct queued *queued = session_queued(&client->session);
    struct special *special = special_of(request);

    request->done = transaction_on_done;
    request->slot = queued->slot;
    request->target = queued->slot == SLOT_NONE ? TARGET_PRIMARY : TARGET_SLOT;
    special->commands = queued->count + 2;
    special->begins_multi = true;
    special->is_harmless = queued->only_reads;
    session_end_multi(&client->session);
}

/* The burst as a request that nobody has been given yet. */
static struct request *transaction_take(const struct local_call *call)
{
    struct client *client = call->client;
    struct block *block = queued_burst(session_queued(&client->session));
    struct request *request = client_request_begin(client, call->command, block,
                                                   (struct span){block->bytes, block->used});

    block_release(&block);
    if (unlikely(client->clients->monitor.is_on)) {
        monitor_note_burst(client, request->bytes);
    }
    transaction_end(client, request);
    return request;
}

void transaction_send(struct client *client, struct request *request)
{
    block_release(&request->block);
    request->block = queued_burst(session_queued(&client->session));
    request->bytes = (struct span){request->block->bytes, request->block->used};
    transaction_end(client, request);
    dispatcher_send(client_dispatcher(client), request);
}

/* Where it is watched, that decides; also of what the node has refused. */
static void transaction_execute_live(const struct local_call *call)
{
    struct client *client = call->client;

    if (client->session.watched.is_on) {
        struct request *request = live_begin_exec(call);

        session_end_multi(&client->session);
        watching_execute(client, request);
    } else {
        live_execute(call);
    }
}

static void transaction_execute(const struct local_call *call)
{
    struct client *client = call->client;
    bool is_empty = session_queued(&client->session)->count == 0;

    if (live_is_on(client)) {
        transaction_execute_live(call);
    } else if (client->session.watched.is_on) {
        watching_execute(client, transaction_take(call));
    } else if (is_empty) {
        transaction_drop(client);
        resp_write_array(call_begin(call), 0);
        call_end(call);
    } else {
        dispatcher_send(client_dispatcher(client), transaction_take(call));
    }
}

/* Is EXEC refused without a word of the node, which has not refused anything itself? */
static bool is_refused_here(const struct client *client)
{
    const struct queued *queued = session_queued(&client->session);

    return queued->is_spoiled && !(queued->is_refused && live_is_on(client));
}

void local_exec(const struct local_call *call)
{
    struct client *client = call->client;
    const struct queued *queued = session_queued(&client->session);

    if (call_count(call) != 1) {
        transaction_drop(client);
        call_error(call, "EXECABORT Transaction discarded because of: wrong number of arguments "
                         "for 'exec' command");
    } else if (!queued->is_open) {
        call_error(call, "ERR EXEC without MULTI");
    } else if (is_refused_here(client)) {
        transaction_drop(client);
        client_refuse(client, call->command, ERROR_EXEC_ABORT, NULL);
    } else if (requests_shed(client, call->command)) {
        transaction_drop(client);
    } else {
        transaction_execute(call);
    }
}
