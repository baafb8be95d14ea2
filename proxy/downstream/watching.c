#include "proxy/downstream/watching.h"

#include "proxy/downstream/local_call.h"
#include "proxy/downstream/transaction.h"
#include "proxy/routing/own.h"
#include "proxy/routing/route_queued.h"
#include "proxy/upstream/private.h"

static const struct watched nothing = {.slot = SLOT_NONE};

void watching_end(struct client *client)
{
    client->session.watched = nothing;
    if (client->lane.own != NULL) {
        own_unwatch(client_dispatcher(client), &client->lane);
    }
}

static void watching_on_executed(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;

    /* A server that executes a transaction, or must not, watches nothing after it. Of what else it
     * may say, better make sure. */
    if (client->lane.own != NULL && bytes.at[0] != '-') {
        private_let_go(&client->lane.own);
    }
    watching_end(client);
    transaction_on_done(request, block, bytes);
}

void watching_execute(struct client *client, struct request *request)
{
    struct special *special = special_of(request);

    request->done = watching_on_executed;
    request->slot = client->session.watched.slot;
    request->asking = client->session.watched.is_asked;
    special->is_private = true;
    special->otherwise = client->session.protocol == 2 ? SPAN("*-1\r\n") : SPAN("_\r\n");
    own_send(client_dispatcher(client), request);
}

/* Redis Cluster: a key that is gone from its slot's owner, but not from the slot, is asked for, and
 * so watched, where the slot is moving to; and so is what follows. */
static bool is_there_by_ask(const struct request *request, const struct upstream *own)
{
    return request->refusal == REFUSAL_ASK && request->node == own->pool->index &&
           request->node_serial == own->pool->serial;
}

static void watching_on_watched(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;
    struct watched *watched = &client->session.watched;

    if (bytes.at[0] != '-') {
        const struct upstream *own = client->lane.own;

        watched->is_on = true;
        watched->slot = request->slot;
        watched->is_asked = own != NULL && is_there_by_ask(request, own);
    }
    client_on_done(request, block, bytes);
}

static struct request *request_to_watch(const struct local_call *call, uint16_t slot)
{
    struct client *client = call->client;
    struct request *request = client_request_begin(client, call->command, call->block, call->bytes);
    struct special *special = special_of(request);

    request->slot = slot;
    request->target = TARGET_SLOT;
    special->is_private = true;
    special->is_harmless = true;
    return request;
}

static void watch_first(const struct local_call *call, uint16_t slot)
{
    struct client *client = call->client;
    struct request *request = request_to_watch(call, slot);

    request->done = watching_on_watched;
    request->special->keeper = &client->lane.own;
    dispatcher_send(client_dispatcher(client), request);
}

/* When the connection is gone the client hears of it at EXEC, as of any other reason for nil. */
static void watch_more(const struct local_call *call, uint16_t slot)
{
    struct client *client = call->client;
    struct request *request = request_to_watch(call, slot);

    request->asking = client->session.watched.is_asked;
    request->special->otherwise = SPAN("+OK\r\n");
    own_send(client_dispatcher(client), request);
}

void local_watch(const struct local_call *call)
{
    struct client *client = call->client;
    const struct watched *watched = &client->session.watched;

    if (client->session.is_in_multi) {
        call_error(call, "ERR WATCH inside MULTI is not allowed");
        return;
    }

    struct route route = route_queued(call->command, call->arguments, &client->clients->keys);

    if (route.kind != ROUTE_SLOT) {
        client_refuse(client, call->command, ERROR_CROSS_SLOT, call->command->name);
    } else if (!watched->is_on) {
        watch_first(call, route.slot);
    } else if (route.slot != watched->slot) {
        client_refuse(client, call->command, ERROR_CROSS_SLOT_QUEUED, call->command->name);
    } else {
        watch_more(call, route.slot);
    }
}

void local_unwatch(const struct local_call *call)
{
    watching_end(call->client);
    call_status(call, "OK");
}
