#include "proxy/downstream/live.h"

#include <stdio.h>

#include "common/socket.h"
#include "proxy/downstream/encrypted.h"
#include "proxy/downstream/transaction.h"
#include "proxy/routing/obey.h"
#include "proxy/routing/own.h"
#include "proxy/routing/redirect.h"
#include "proxy/upstream/private.h"

static struct queued *queued_of(struct client *client)
{
    return session_open_queued(&client->session);
}

static void live_give_up(struct client *client)
{
    queued_of(client)->is_given_up = true;
    if (live_is_on(client)) {
        own_unwatch(client_dispatcher(client), &client->lane);
    }
}

/* Is the answer to the request in hand all that the client waits for? */
static bool client_waits(const struct client *client, const struct queued_command *queued)
{
    return queued->block == client->inbound.block && queued->bytes.size == client->inbound.size &&
           client->session.reply_mode == REPLY_MODE_ON && !client->skips_reply &&
           pipeline_is_empty(&client->pipeline) && !client_has_unread(client);
}

static uint16_t slot_of_transaction(const struct session *session)
{
    const struct queued *queued = session_queued(session);

    return queued->slot != SLOT_NONE ? queued->slot : session->watched.slot;
}

/* Redis Cluster: a connection that watches by an ASK wants ASKING again and again, and may queue
 * that. */
static bool may_go_on(const struct client *client)
{
    const struct queued *queued = session_queued(&client->session);

    if (queued->is_given_up || slot_of_transaction(&client->session) == SLOT_NONE) {
        return false;
    }
    if (queued->sent_bytes == 0 && client_tracking(client) != NULL) {
        return false; /* what it reads is told from the whole of it */
    }
    if (client->session.watched.is_on) {
        return client->lane.own != NULL && !client->session.watched.is_asked;
    }
    return queued->sent_bytes == 0 || client->lane.own != NULL;
}

/* What its node has not got when an operator is done with it, it gets with the next step. */
static bool is_halted(const struct client *client)
{
    const struct dispatcher *dispatcher = client_dispatcher(client);

    return obey_is_halted(
        dispatcher, own_pool(dispatcher, &client->lane, slot_of_transaction(&client->session)));
}

static bool is_error(struct span reply)
{
    return reply.at[0] == '-';
}

static void hear_last(struct request *request, struct span reply)
{
    struct client *client = request->owner;
    const struct address *asked = &request->special->upstream->pool->address;
    struct queued_step *step = &queued_of(client)->step;
    struct redirect redirect = {.refusal = REFUSAL_NONE};

    step->is_whole = true;
    if (is_error(reply)) {
        redirect = redirect_of(reply, asked);
        step->is_refused = redirect.refusal == REFUSAL_NONE;
    }
    if (redirect.refusal == REFUSAL_NONE) {
        return;
    }
    step->is_doubtful = true;
    dispatcher_hint(client_dispatcher(client),
                    redirect.refusal == REFUSAL_MOVED ? HINT_MOVED : HINT_UNBOUND);
}

/* The client has been told QUEUED, so this is a reason to send the whole anew, and have the node
 * say at EXEC what it has against it. Who watches cannot: nil would have it tried again and again.
 */
static void hear_earlier(const struct request *request, struct span reply)
{
    struct client *client = request->owner;
    struct queued_step *step = &queued_of(client)->step;
    struct redirect redirect = redirect_of(reply, &request->special->upstream->pool->address);

    if (client->session.watched.is_on && redirect.refusal == REFUSAL_NONE) {
        step->is_spoiled = true;
    } else {
        step->is_doubtful = true;
    }
}

/* A refused MULTI is the objection to the whole. What else is said to what stood in front of the
 * last command has been answered by us: the whole will say it at EXEC. */
static bool live_hears(struct request *request, uint32_t index, struct span reply)
{
    struct queued *queued = queued_of(request->owner);
    struct queued_step *step = &queued->step;
    bool is_multi = queued->sent_bytes == 0 && index == 0;
    bool is_last = index + 1 == request->special->commands;

    if (is_multi) {
        step->has_no_multi = !span_equal(reply, SPAN("+OK\r\n"));
        return step->has_no_multi;
    }
    if (is_last) {
        hear_last(request, reply);
    } else if (is_error(reply)) {
        hear_earlier(request, reply);
    }
    step->is_executed =
        step->is_executed || (!is_error(reply) && !span_equal(reply, SPAN("+QUEUED\r\n")));
    return false;
}

/* The client's answer, which is no request's of its own: that is EXEC. */
static void step_settle(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;

    pipeline_settle(&client->pipeline, &client->output, request, block, bytes);
    reactor_flush_later(client->clients->reactor, &client->flush);
}

/* Redis: who may not say MULTI is not kept from saying what stands behind it. */
static void step_settle_executed(struct request *request)
{
    struct client *client = request->owner;
    const struct block *objection = request->special->objection;
    char text[ERROR_REPLY_MAX] = "it does not queue commands";
    char line[ERROR_REPLY_MAX];

    if (objection != NULL && objection->bytes[0] == '-') {
        snprintf(text, sizeof text, "%.*s", (int)size_min(objection->used - 3, sizeof text),
                 objection->bytes + 1);
    }
    queued_of(client)->is_spoiled = true;
    step_settle(request, NULL,
                error_reply(ERROR_MULTI_REFUSED, text, client->clients->metrics, line));
}

static void live_note(struct client *client, const struct queued_step *step)
{
    struct queued *queued = queued_of(client);

    if (queued->sent_bytes == 0 || queued_is_begun(queued)) {
        metric_add(&client->clients->metrics->transactions_live_total, 1);
    }
    if (step->is_refused) {
        queued_refuse(queued);
    } else {
        queued_accept(queued);
    }
    if (step->is_spoiled) {
        queued->is_spoiled = queued->is_refused = true;
    }
}

static void step_on_done(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;
    struct queued_step step = queued_of(client)->step;

    if (!step.is_whole || step.is_doubtful || step.has_no_multi || step.is_executed) {
        live_give_up(client);
    } else {
        live_note(client, &step);
    }
    if (step.is_executed || (step.has_no_multi && !step.is_whole)) {
        step_settle_executed(request);
    } else if (step.is_refused) {
        queued_of(client)->is_spoiled = true;
        step_settle(request, block, bytes);
    } else {
        step_settle(request, NULL, SPAN("+QUEUED\r\n"));
    }
}

/* What `request`, which is for a node's answer to `command`, has in common with other steps. */
static void step_prepare(struct client *client, struct request *request, uint32_t commands,
                         const struct command *command)
{
    struct special *special = special_of(request);

    queued_of(client)->step = (struct queued_step){.command = command};
    request->slot = slot_of_transaction(&client->session);
    request->is_tracked = false;
    special->commands = commands;
    special->begins_multi = queued_of(client)->sent_bytes == 0;
    special->is_private = true;
    special->is_harmless = true;
    special->is_step = true;
    special->hear = live_hears;
    special->keeper = &client->lane.own;
    special->otherwise = SPAN("+QUEUED\r\n");
}

static struct request *step_begin(struct client *client, const struct command *command)
{
    struct queued *queued = queued_of(client);
    uint32_t commands = queued_rest_count(queued) + (queued->sent_bytes == 0);
    struct block *block = queued_rest(queued);
    struct request *request =
        client_request_begin(client, command, block, (struct span){block->bytes, block->used});

    block_release(&block);
    step_prepare(client, request, commands, command);
    request->done = step_on_done;
    return request;
}

/* The step itself follows, and has the answer. */
static void multi_on_taken(struct request *request)
{
    struct client *client = request->owner;
    struct queued *queued = queued_of(client);

    queued_begin(queued);
    client->clients->arguments.count = 0; /* by now they may be another client's */

    struct request *step = step_begin(client, queued->step.command);

    step->arrived = request->arrived;
    step->deadline = request->deadline;
    request->muted = true;
    own_send(client_dispatcher(client), step);
    step_settle(request, NULL, (struct span){"", 0});
}

/* An operator may have paused the node meanwhile. Who watches waits, as he has no other way. */
static bool step_may_follow(const struct client *client)
{
    return client->session.watched.is_on || !is_halted(client);
}

static void multi_on_done(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;

    if (span_equal(bytes, SPAN("+OK\r\n")) && step_may_follow(client)) {
        multi_on_taken(request);
        return;
    }
    live_give_up(client);
    if (queued_of(client)->step.has_no_multi && is_error(bytes)) {
        queued_of(client)->is_spoiled = true;
        step_settle(request, block, bytes);
    } else {
        step_settle(request, NULL, SPAN("+QUEUED\r\n"));
    }
}

/* Redis: who may not say MULTI is not kept from saying what stands behind it. So that is not sent
 * to a node that may be one of those: were its answers lost, nobody would know what it has done. */
static struct request *multi_begin(struct client *client, const struct command *command)
{
    struct request *request =
        client_request_begin(client, command_by_id(COMMAND_ID_MULTI), NULL, queued_multi());

    step_prepare(client, request, 1, command);
    request->done = multi_on_done;
    return request;
}

static bool is_to_be_asked_for_multi(const struct client *client)
{
    const struct pool *pool =
        own_pool(client_dispatcher(client), &client->lane, slot_of_transaction(&client->session));

    return session_queued(&client->session)->sent_bytes == 0 && pool != NULL && !pool->takes_multi;
}

bool live_asks(struct client *client, const struct queued_command *queued)
{
    struct dispatcher *dispatcher = client_dispatcher(client);

    if (!may_go_on(client) || !client_waits(client, queued) || is_halted(client)) {
        return false;
    }

    struct request *request = is_to_be_asked_for_multi(client)
                                  ? multi_begin(client, queued->command)
                                  : step_begin(client, queued->command);

    if (client->lane.own != NULL) {
        own_send(dispatcher, request);
    } else {
        own_begin(dispatcher, request);
    }
    client->is_alone = !pipeline_is_empty(&client->pipeline);
    return true;
}

/* MONITOR shows what is executed, all of it. */
static void show(struct client *client)
{
    struct block *burst = queued_burst(queued_of(client));

    monitor_note_burst(client, (struct span){burst->bytes, burst->used});
    block_release(&burst);
}

struct request *live_begin_exec(const struct local_call *call)
{
    struct client *client = call->client;
    const struct queued *queued = queued_of(client);
    struct block *block = queued_rest_with_exec(queued);
    struct request *request = client_request_begin(client, call->command, block,
                                                   (struct span){block->bytes, block->used});
    struct special *special = special_of(request);

    block_release(&block);
    if (unlikely(client->clients->monitor.is_on) && !queued->is_spoiled) {
        show(client);
    }
    request->done = transaction_on_done;
    request->slot = queued->slot;
    special->commands = queued_rest_count(queued) + 1;
    special->is_private = true;
    special->is_harmless = queued->only_reads;
    return request;
}

static void live_on_executed(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;

    session_end_multi(&client->session);
    if (live_is_on(client)) {
        own_unwatch(client_dispatcher(client), &client->lane);
    } else if (client->lane.own != NULL) {
        private_let_go(&client->lane.own);
    }
    transaction_on_done(request, block, bytes);
}

/* Certainly not executed. What the node has refused stays refused. */
static void live_detour(struct request *request)
{
    struct client *client = request->owner;

    special_free(&request->special);
    if (request->state == REQUEST_SENT) {
        request_become(request, REQUEST_WAITING);
    }
    if (queued_of(client)->is_spoiled) {
        special_of(request);
        error_settle(request, ERROR_EXEC_ABORT, NULL, client->clients->metrics);
    } else {
        transaction_send(client, request);
    }
}

void live_execute(const struct local_call *call)
{
    struct request *request = live_begin_exec(call);

    request->done = live_on_executed;
    request->special->detour = live_detour;
    own_send(client_dispatcher(call->client), request);
}

/* A client that dawdles over a request is active with every byte of it, and no less idle. */
static uint64_t idle_since(const struct client *client)
{
    return client->unfinished_since != 0 ? client->unfinished_since : client->session.last_active;
}

void live_look(struct client *client, uint64_t now)
{
    if (live_is_on(client) && !client->session.watched.is_on &&
        pipeline_is_empty(&client->pipeline) &&
        idle_since(client) + client->clients->config->timeout_request <= now) {
        live_give_up(client);
    }
}
