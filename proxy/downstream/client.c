#include "proxy/downstream/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/memory.h"
#include "proxy/downstream/audit.h"
#include "proxy/downstream/blocked.h"
#include "proxy/downstream/client_limits.h"
#include "proxy/downstream/client_watch.h"
#include "proxy/downstream/drain.h"
#include "proxy/downstream/encrypted.h"
#include "proxy/downstream/farewell.h"
#include "proxy/downstream/hearing.h"
#include "proxy/downstream/inquiry.h"
#include "proxy/downstream/login.h"
#include "proxy/downstream/pause.h"
#include "proxy/downstream/requests.h"
#include "proxy/downstream/sampled_request.h"
#include "proxy/downstream/subscribe.h"
#include "proxy/downstream/trace.h"
#include "proxy/downstream/tracking.h"

static const struct {
    const char *text;
    unsigned next;
} client_states[] = {
#define TO(symbol)                 (1u << CLIENT_##symbol)
#define STATE(symbol, name, after) {name, after},
    CLIENT_STATES(STATE)
#undef STATE
#undef TO
};

/* That of ten thousand idle clients is 5 MiB with all that hangs on them; the next size class of an
 * allocator would make it more. */
_Static_assert(sizeof(struct client) <= 384, "what few clients have goes into extras.h");

static void client_become(struct client *client, enum client_state next)
{
    CHECK(client_states[client->state].next & (1u << next));
    client->state = next;
}

static void client_want_flush(struct client *client)
{
    reactor_flush_later(client->clients->reactor, &client->flush);
}

static bool client_is_muted(const struct client *client)
{
    return client->session.reply_mode == REPLY_MODE_OFF || client->skips_reply;
}

static uint64_t client_took(const struct client *client, const struct request *request)
{
    return reactor_now(client->clients->reactor) - request->arrived;
}

static void client_note_time(struct client *client, const struct request *request)
{
    struct clients *clients = client->clients;
    uint64_t took = client_took(client, request);

    histogram_record(&clients->metrics->request_time, took);
    command_times_note(&clients->times, request->command, took);
    if (took >= clients->config->slowlog_slower_than) {
        command_log_note(client, LOG_SLOW, request, took);
    }
}

/* Has it taken as long as the one before, and is there nothing else to be noted of it? So nearly
 * all do, as many are answered in a turn. */
static ALWAYS_INLINE bool client_done_is_plain(const struct client *client,
                                               const struct request *request, size_t reply_size)
{
    const struct clients *clients = client->clients;
    const struct pool_config *config = clients->config;
    uint64_t took = client_took(client, request);

    return !client->is_blocked && request->special == NULL && took < config->slowlog_slower_than &&
           command_times_is_ready(&clients->times, request->command, took) &&
           request->counted_bytes < config->request_larger_than &&
           reply_size < config->reply_larger_than;
}

static NOINLINE void client_note_done(struct client *client, struct request *request,
                                      size_t reply_size)
{
    if (client->is_blocked) {
        histogram_record(&client->clients->metrics->blocked_time, client_took(client, request));
        blocked_end(client);
    } else {
        client_note_time(client, request);
    }
    command_log_note_sizes(client, request, reply_size);
    sampled_request_end(client, request, reply_size);
}

static NOINLINE void client_on_odd_done(struct request *request, struct block *block,
                                        struct span bytes)
{
    struct client *client = request->owner;

    if (client->is_blocked) {
        struct span answer = blocked_answer(request, bytes);

        block = answer.at == bytes.at ? block : NULL;
        bytes = answer;
    }

    size_t size = request->reply.size + bytes.size;

    client_note_done(client, request, size);
    trace_note(client, request, bytes, size);
    client_note_reply(client, size);
    client_want_flush(client);
    pipeline_settle(&client->pipeline, &client->output, request, block, bytes);
}

/* A reply to a request that was on its way. It may be the client's last, or make room for more. */
void client_on_done(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;
    struct clients *clients = client->clients;
    size_t size = request->reply.size + bytes.size;

    if (unlikely(!client_done_is_plain(client, request, size))) {
        client_on_odd_done(request, block, bytes);
        return;
    }
    command_times_count(&clients->times, &clients->metrics->request_time, request->command);
    client_note_reply(client, size);
    client_want_flush(client);
    pipeline_settle(&client->pipeline, &client->output, request, block, bytes);
}

void client_speak(struct client *client, int protocol)
{
    client->session.protocol = (uint8_t)protocol;
    client->output.protocol = (uint8_t)protocol;
    tracking_fit(client);
}

struct request *client_request_begin(struct client *client, const struct command *command,
                                     struct block *block, struct span bytes)
{
    struct request *request = request_new(command, block, bytes);

    request->done = client_on_done;
    request->owner = client;
    request->lane = &client->lane;
    request->arrived = reactor_now(client->clients->reactor);
    request->deadline = request->arrived + client->clients->config->timeout_request;
    request->muted = client_is_muted(client);
    request->reply.protocol = client->output.protocol;
    if (unlikely(client_tracking(client) != NULL)) {
        tracking_mark(client, request);
    }
    pipeline_push(&client->pipeline, request);
    if (unlikely(sampling_is_due(&client->clients->sampling))) {
        sampled_request_begin(client, request);
    }
    return request;
}

/* With nothing in front of it, a reply is composed where it will leave from. */
struct sendq *client_reply_begin(struct client *client, const struct command *command)
{
    if (pipeline_is_empty(&client->pipeline) && !client_is_muted(client)) {
        client->clients->answering = NULL;
        return &client->output;
    }

    struct request *request = client_request_begin(client, command, NULL, (struct span){"", 0});

    client->clients->answering = request;
    return &request->reply;
}

void client_reply_end(struct client *client)
{
    struct request *request = client->clients->answering;

    client->clients->answering = NULL;
    metric_add(&client->clients->metrics->downstream_local_total, 1);
    client_want_flush(client);
    if (request != NULL) {
        request->muted = client_is_muted(client);
        request_become(request, REQUEST_SETTLED);
        request->done = NULL;
        pipeline_settle_composed(&client->pipeline, &client->output, request);
    }
}

/* Redis: neither CLIENT REPLY nor a command that blocks keeps a push back. */
void client_push(struct client *client, struct sendq *push)
{
    if (!client_is_open(client)) {
        sendq_clear(push);
        return;
    }
    client_want_flush(client);
    if (pipeline_is_empty(&client->pipeline) || client->is_blocked) {
        sendq_move(&client->output, push);
        return;
    }

    struct request *request =
        request_new(command_by_id(COMMAND_ID_CLIENT_TRACKING), NULL, (struct span){"", 0});

    pipeline_push(&client->pipeline, request);
    sendq_move(&request->reply, push);
    request_become(request, REQUEST_SETTLED);
    pipeline_settle_composed(&client->pipeline, &client->output, request);
}

void client_refuse(struct client *client, const struct command *command, enum error_symbol symbol,
                   const char *detail)
{
    char line[ERROR_REPLY_MAX];
    struct span reply = error_reply(symbol, detail, client->clients->metrics, line);

    client->was_refused = !monitor_is_answer(symbol);
    audit_refusal(client, command, symbol);
    sendq_append(client_reply_begin(client, command), reply);
    client_reply_end(client);
}

void client_pause(struct client *client)
{
    client_become(client, CLIENT_PAUSED);
    client_look_away(client, EV_READ);
    metric_add(&client->clients->metrics->downstream_paused_total, 1);
}

/* The request in hand stays where it was read, and is scanned again when it may be executed. */
void client_hold(struct client *client, enum pause_mode mode)
{
    inbound_keep_secret(&client->inbound);
    client_become(client, CLIENT_HELD);
    client->held_by = mode;
    client_look_away(client, EV_READ);
    metric_add(&client->clients->metrics->downstream_held_total, 1);
}

/* What a client that blocks would get is for nobody any more. */
static void client_on_eof(struct client *client)
{
    if (unlikely(client->is_alone) && !client->is_blocked) {
        /* What was read is to be served first; then this comes again. */
        client_look_away(client, EV_READ);
        return;
    }
    if ((pipeline_is_empty(&client->pipeline) && sendq_is_empty(&client->output)) ||
        client->is_alone) {
        client_close(client, CLOSE_PEER_CLOSED);
        return;
    }
    client_finish(client, CLOSE_PEER_CLOSED);
}

void client_take(struct client *client, enum socket_result result, size_t received)
{
    if (received > 0) {
        client->session.last_active = reactor_now(client->clients->reactor);
        metric_add(&client->clients->metrics->downstream_received_bytes_total, received);
        requests_scan(client);
    }
    switch (result) {
    case SOCKET_OK:
    case SOCKET_AGAIN: return;
    case SOCKET_EOF: client_on_eof(client); return;
    case SOCKET_ERROR: client_close(client, CLOSE_READ_FAILED); return;
    }
}

static void client_read(struct client *client)
{
    size_t received = 0;
    enum socket_result result = intake_read(client->clients->intake, &client->inbound,
                                            client_fd(client), client->scan.need, &received);

    client_take(client, result, received);
}

static void client_on_ready(struct ev_loop *loop UNUSED, ev_io *watcher, int events)
{
    struct client *client = container_of(watcher, struct client, watcher);

    if (unlikely((events & EV_WRITE) != 0)) {
        client_want_flush(client);
    }
    if (likely((events & EV_READ) != 0)) {
        client_read(client);
    }
}

/* Returns false when the client is closed. */
static bool client_write(struct client *client)
{
    size_t sent = 0;
    enum sendq_result result = unlikely(client->session.is_encrypted)
                                   ? encrypted_write(client, &sent)
                                   : sendq_write(&client->output, client_fd(client), &sent);

    metric_add(&client->clients->metrics->downstream_sent_bytes_total, sent);
    if (unlikely(client->state == CLIENT_DRAINING && sent > 0)) {
        client->session.extras->draining_since = reactor_now(client->clients->reactor);
    }
    switch (result) {
    case SENDQ_OK: client_look_away(client, EV_WRITE); return true;
    case SENDQ_PARTLY: client_watch_for(client, EV_WRITE); return true;
    case SENDQ_ERROR: client_close(client, CLOSE_WRITE_FAILED); return false;
    }
    return true;
}

/* What a fan-out gathers is memory of its client before it is a reply. */
static void client_on_gathered(struct lane *lane)
{
    client_want_flush(container_of(lane, struct client, lane));
}

static void client_leave(struct client *client)
{
    if (farewell_is_easy(client)) {
        client_close(client, client->close_reason);
        return;
    }
    client_become(client, CLIENT_LEAVING);
    farewell_begin(client);
}

/* Is what kept it from being read over? Somebody who left in a pause wants nothing any more. */
static bool client_may_read_on(struct client *client)
{
    if (client->state == CLIENT_PAUSED) {
        return !client_is_full(client, 2) && !client_is_greedy(client);
    }
    if (client->state != CLIENT_HELD || !pause_is_over_for(client)) {
        return false;
    }
    if (socket_peer_has_closed(client_fd(client))) {
        client_finish(client, CLOSE_PEER_CLOSED);
        return false;
    }
    return true;
}

static void client_go_on(struct client *client)
{
    bool was_alone = client->is_alone;

    client->is_alone = was_alone && !pipeline_is_empty(&client->pipeline);
    if (unlikely(client->is_alone)) {
        return;
    }
    if (client_may_read_on(client)) {
        client_become(client, CLIENT_READING);
    } else if (!was_alone || client->state != CLIENT_READING) {
        return;
    }
    client_watch_for(client, EV_READ);
    requests_scan(client);
    if (unlikely(client->session.is_encrypted)) {
        encrypted_read_on(client);
    }
}

static void client_on_flush(struct turn_task *task)
{
    struct client *client = container_of(task, struct client, flush);

    client->clients->reply_size = client->reply_size;
    block_bill(client->clients->intake->account);
    drain_look(client);
    if (client->state == CLIENT_CLOSED || !client_write(client)) {
        return;
    }
    if (unlikely(client_is_over_output(client))) {
        client_close_holder(client, client_output_reason(client));
        return;
    }
    if (unlikely(clients_memory(client->clients) == BUDGET_SPENT)) {
        clients_hurry(client->clients);
    }
    if (client->state == CLIENT_DRAINING && pipeline_is_empty(&client->pipeline) &&
        sendq_is_empty(&client->output)) {
        client_leave(client);
        return;
    }
    client_go_on(client);
}

static void client_on_bury(struct turn_task *task)
{
    struct client *client = container_of(task, struct client, flush);

    free(client_subscriptions(client));
    session_clear(&client->session);
    free(client);
}

struct client *client_open(struct clients *clients, int fd, struct tls_context *tls)
{
    struct client *client = memory_new(1, sizeof *client);
    uint64_t now = reactor_now(clients->reactor);
    uint64_t id = atomic_fetch_add(&clients->house->next_client_id, 1) + 1;

    *client = (struct client){.clients = clients, .flush.run = client_on_flush};
    session_init(&client->session, id, now, false);
    lane_init(&client->lane, id);
    client->lane.on_gathered = client_on_gathered;
    client->reply_size = clients->reply_size;
    sendq_init(&client->output);
    pipeline_init(&client->pipeline);
    ev_io_init(&client->watcher, client_on_ready, fd, EV_READ);
    ev_io_start(clients->reactor->loop, &client->watcher);
    if (tls != NULL) {
        encrypted_open(client, tls);
    }
    clients_on_open(clients, &client->in_clients);
    return client;
}

static void client_give_up(struct client *client, struct request *request)
{
    if (request->state == REQUEST_SPLIT) {
        fanout_abandon(request);
    } else if (list_link_is_on(&request->in_queue)) {
        dispatcher_abandon(client_dispatcher(client), &request);
        return;
    }
    request_free(&request);
}

void client_close(struct client *client, enum close_reason reason)
{
    struct clients *clients = client->clients;
    struct request *request;

    client_become(client, CLIENT_CLOSED);
    log_debug("client closed", "client=%" PRIu64 " reason=%s", client->session.id,
              close_reason_name(reason));
    metric_add(&clients->metrics->downstream_closed[reason], 1);
    /* Also of what libev stopped itself, and was about to tell. */
    ev_io_stop(clients->reactor->loop, &client->watcher);
    if (unlikely(client->session.is_encrypted)) {
        encrypted_close(client);
    }
    close(client_fd(client));
    subscribe_drop(client);
    monitor_end(client);
    tracking_end(client);
    if (client->is_blocked) {
        blocked_end(client);
    }
    while ((request = pipeline_take(&client->pipeline)) != NULL) {
        client_give_up(client, request);
    }
    hearing_drop(client);
    inquiry_drop(client);
    dispatcher_clear_lane(client_dispatcher(client), &client->lane);
    login_end(client);
    inbound_clear(&client->inbound);
    sendq_clear(&client->output);
    client->flush.run = client_on_bury;
    reactor_bury(clients->reactor, &client->flush);
    clients_on_close(clients, &client->in_clients);
}

void client_finish(struct client *client, enum close_reason reason)
{
    if (!client_is_open(client)) {
        return;
    }
    client_become(client, CLIENT_DRAINING);
    client->close_reason = reason;
    session_extras(&client->session)->draining_since = reactor_now(client->clients->reactor);
    client_look_away(client, EV_READ);
    client_want_flush(client);
}
