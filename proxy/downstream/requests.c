#include "proxy/downstream/requests.h"

#include "common/resp_write.h"
#include "proxy/downstream/alone.h"
#include "proxy/downstream/audit.h"
#include "proxy/downstream/blocked.h"
#include "proxy/downstream/clearance.h"
#include "proxy/downstream/client_limits.h"
#include "proxy/downstream/inquiry.h"
#include "proxy/downstream/local.h"
#include "proxy/downstream/nonsense.h"
#include "proxy/downstream/pause.h"
#include "proxy/downstream/permission.h"
#include "proxy/downstream/scripted.h"
#include "proxy/downstream/secret.h"
#include "proxy/downstream/subscribe.h"
#include "proxy/downstream/tracking.h"
#include "proxy/downstream/transaction.h"
#include "proxy/routing/router.h"
#include "proxy/routing/wait.h"

enum {
    DETAIL_MAX = 512,
    ARGUMENTS_KEPT = 64 * 1024, /* room for more is given back after the request */
    HELD_BYTES = 64 * 1024,     /* behind a request that is served alone: more is not read */
};

/* What is under way may still be answered. */
bool requests_shed(struct client *client, const struct command *command)
{
    if (likely(clients_memory(client->clients) != BUDGET_SPENT)) {
        return false;
    }
    client_refuse(client, command, ERROR_NO_MEMORY, NULL);
    clients_hurry(client->clients);
    return true;
}

/* What few commands need to be known of them. */
static void requests_note(struct client *client, struct request *request, const struct route *route)
{
    if (request->command->class == COMMAND_CLASS_SCRIPT) {
        scripted_begin(client, request, route);
    } else {
        blocked_begin(client, request);
    }
}

/* It is two commands to each node. */
static struct request *requests_begin_wait(struct client *client, const struct command *command,
                                           struct span bytes)
{
    struct block *burst = wait_compose(bytes);
    struct request *request =
        client_request_begin(client, command, burst, (struct span){burst->bytes, burst->used});

    special_of(request)->commands = 2;
    block_release(&burst);
    return request;
}

static void requests_forward(struct client *client, const struct command *command,
                             const struct route *route, struct block *block, struct span bytes)
{
    struct clients *clients = client->clients;

    if (requests_shed(client, command)) {
        return;
    }

    struct request *request = route->kind == ROUTE_WRITTEN
                                  ? requests_begin_wait(client, command, bytes)
                                  : client_request_begin(client, command, block, bytes);

    if (unlikely(command->class >= COMMAND_CLASS_LOCAL)) {
        requests_note(client, request, route);
    }
    switch (route->kind) {
    case ROUTE_SLOT:
        request->slot = route->slot;
        request->target = TARGET_SLOT;
        dispatcher_send(client_dispatcher(client), request);
        return;
    case ROUTE_ANY:
        request->target = TARGET_PRIMARY;
        dispatcher_send(client_dispatcher(client), request);
        return;
    case ROUTE_SPLIT:
        fanout_split(client_dispatcher(client), request, &clients->arguments, &clients->keys);
        return;
    case ROUTE_PRIMARIES:
    case ROUTE_NODES:
        fanout_broadcast(client_dispatcher(client), request, route->kind, NULL, NULL);
        return;
    case ROUTE_WRITTEN:
        fanout_broadcast(client_dispatcher(client), request, ROUTE_WRITTEN, wait_join, NULL);
        return;
    case ROUTE_LOCAL:
    case ROUTE_REFUSE: CHECK(!"a request that is forwarded");
    }
}

static void requests_route(struct client *client, const struct command *command,
                           struct block *block, struct span bytes)
{
    const struct arguments *arguments = &client->clients->arguments;
    struct route route = route_request(command, arguments, &client->clients->keys);

    audit_order(client, command);
    if (unlikely(client->clients->identities.is_on) && clearance_sends(client, command)) {
        route.kind = ROUTE_ANY;
        requests_forward(client, command, &route, block, bytes);
        return;
    }
    if (route.kind == ROUTE_LOCAL || unlikely(local_has(command))) {
        local_answer(client, command, arguments, block, bytes);
        return;
    }
    if (unlikely(route.kind == ROUTE_REFUSE)) {
        char detail[DETAIL_MAX];

        client_refuse(client, command, route.error,
                      route_refusal(command, route.error, detail, sizeof detail));
        return;
    }
    requests_forward(client, command, &route, block, bytes);
}

/* The same where somebody monitors. As with Redis, a command is shown when it has been executed:
 * what it shows itself, as EXEC does, comes first. */
static void requests_route_shown(struct client *client, const struct command *command,
                                 struct block *block, struct span bytes)
{
    if (monitor_forbids(client, command) || transaction_takes(client, command, block, bytes)) {
        return;
    }
    client->was_refused = false;
    requests_route(client, command, block, bytes);
    if (!client->was_refused) {
        monitor_note(client, command, &client->clients->arguments);
    }
}

/* In the order of checks of Redis's processCommand: known, arity, authenticated, allowed,
 * subscribed. */
static void requests_take(struct client *client, enum command_result result,
                          const struct command *command, struct block *block, struct span bytes)
{
    struct session *session = &client->session;

    metric_add(&client->clients->metrics->downstream_requests_total, 1);
    session->last_active = reactor_now(client->clients->reactor);
    client->skips_reply = session_take_skip(session);
    if (unlikely(result != COMMAND_FOUND) && !transaction_bears(client, result, command)) {
        nonsense_unknown(client, result, command);
        return;
    }
    session->last_command = command;
    if (unlikely(!session->is_authenticated && (command->flags & COMMAND_NO_AUTH) == 0) &&
        !client->clients->identities.is_on) {
        client_refuse(client, command, ERROR_NO_AUTH, NULL);
        return;
    }
    if (unlikely(session->is_limited) && permission_forbids(client, command)) {
        return;
    }
    if (unlikely(client->clients->identities.is_on) && clearance_forbids(client, command)) {
        return;
    }
    if (unlikely(client_is_subscribed(client)) && subscribe_forbids(client, command)) {
        return;
    }
    if (unlikely(client->clients->monitor.is_on)) {
        requests_route_shown(client, command, block, bytes);
        return;
    }
    if (likely(!transaction_takes(client, command, block, bytes))) {
        requests_route(client, command, block, bytes);
    }
}

/* One whole request, its arguments in clients->arguments. Returns false when its time has not come:
 * it will be looked at again. */
static bool requests_begin(struct client *client, struct block *block, struct span bytes)
{
    const struct arguments *arguments = &client->clients->arguments;
    const struct command *command = NULL;
    enum command_result result = command_table_find(client->clients->commands, arguments, &command);
    bool is_alone = result == COMMAND_FOUND && alone_is_needed(client, command, arguments);

    if (unlikely(is_alone) && !pipeline_is_empty(&client->pipeline)) {
        client->is_alone = true;
        return false;
    }
    if (unlikely(client->clients->identities.is_on) && result == COMMAND_FOUND &&
        !clearance_is_known(client, command)) {
        return false;
    }
    requests_take(client, result, command, block, bytes);
    if (unlikely(client->clients->identities.is_on)) {
        inquiry_end(client);
    }
    if (unlikely(client_tracking(client) != NULL)) {
        tracking_go_on(client, command);
    }
    if (unlikely(is_alone)) {
        client->is_alone = !pipeline_is_empty(&client->pipeline);
    }
    return true;
}

/* What has been served, unless somebody keeps it still: as much as there were `references` to its
 * block before. */
static void requests_wipe(struct block *block, struct span bytes, uint32_t references)
{
    if (block->references <= references) {
        block_wipe(block, bytes);
    }
}

/* A line of text goes to nodes in the form they all understand. */
static bool requests_begin_inline(struct client *client)
{
    const struct arguments *arguments = &client->clients->arguments;
    bool has_secret = secret_may_be_in(arguments);
    struct sendq composed;

    sendq_init(&composed);
    composed.is_secret = has_secret;
    resp_write_request(&composed, arguments->items, arguments->count);

    struct block *block = sendq_flatten(&composed);

    sendq_clear(&composed);
    bool is_taken = requests_begin(client, block, (struct span){block->bytes, block->used});

    if (unlikely(has_secret)) {
        requests_wipe(block, (struct span){block->bytes, block->used}, 1);
        explicit_bzero(arguments->unquoted, arguments->unquoted_capacity);
    }
    block_release(&block);
    return is_taken;
}

static void requests_wait(struct client *client)
{
    if (client->unfinished_since == 0) {
        client->unfinished_since = reactor_now(client->clients->reactor);
    }
    inbound_keep(&client->inbound);
    if (client_is_greedy(client)) {
        client_pause(client);
        clients_hurry(client->clients);
    }
}

/* Takes the request of `used` bytes that was just scanned. Returns false if it is too early. */
static bool requests_take_scanned(struct client *client, size_t used)
{
    struct arguments *arguments = &client->clients->arguments;
    struct span bytes = {inbound_bytes(&client->inbound).at, used};
    bool is_inline = client->scan.is_inline;
    uint32_t references = client->inbound.block->references;
    enum pause_mode holds;
    bool has_secret = false;
    bool is_taken = true;

    request_scan_reset(&client->scan);
    if (client->clients->pause != PAUSE_OFF && (holds = pause_holds(client)) != PAUSE_OFF) {
        client_hold(client, holds);
        return false;
    }
    if (arguments->count == 0) {
        /* An empty line, or "*0": Redis reads over it. */
    } else if (is_inline) {
        has_secret = secret_may_be_in(arguments);
        is_taken = requests_begin_inline(client);
    } else {
        has_secret = secret_may_be_in(arguments);
        is_taken = requests_begin(client, client->inbound.block, bytes);
    }
    if (is_taken) {
        if (unlikely(has_secret)) {
            requests_wipe(client->inbound.block, bytes, references);
        }
        inbound_use(&client->inbound, used);
    }
    return is_taken;
}

/* What came of a scan. Returns false when nothing behind it is to be taken before its turn. */
static NOINLINE bool requests_take_odd(struct client *client, enum scan_result result, size_t used)
{
    struct arguments *arguments = &client->clients->arguments;
    bool is_taken = false;

    if (unlikely(nonsense_is_tls(client))) {
        nonsense_tls(client);
        return false;
    }
    switch (result) {
    case SCAN_MORE: requests_wait(client); return false;
    case SCAN_BAD: nonsense_protocol(client); return false;
    case SCAN_DONE: is_taken = requests_take_scanned(client, used); break;
    }
    if (arguments->capacity > ARGUMENTS_KEPT) {
        arguments_clear(arguments);
    }
    return is_taken;
}

/* Does nothing that it has said before, nor the state of the house, concern commands for one key?
 */
static bool client_is_plain(const struct client *client)
{
    const struct session *session = &client->session;
    const struct clients *clients = client->clients;

    return session->is_authenticated && session->reply_mode == REPLY_MODE_ON &&
           !session->is_in_multi && !session->is_tracking && !client_is_subscribed(client) &&
           !clients->monitor.is_on && clients->pause == PAUSE_OFF &&
           clients_memory(clients) != BUDGET_SPENT;
}

static ALWAYS_INLINE void requests_send_plain(struct client *client, const struct command *command,
                                              struct block *block, struct span bytes)
{
    struct clients *clients = client->clients;
    struct request *request;

    metric_add(&clients->metrics->downstream_requests_total, 1);
    client->session.last_active = reactor_now(clients->reactor);
    client->session.last_command = command;
    client->skips_reply = false;
    request = client_request_begin(client, command, block, bytes);
    request->slot = slot_of(clients->arguments.items[command->only_key]);
    request->target = TARGET_SLOT;
    dispatcher_send(client_dispatcher(client), request);
}

/* The scanned request of a plain client: if its command is one for the node of its one key, as
 * nearly all are, it takes the shortest way. Returns false when it is not; requests_take_odd would
 * come to the same in any case. */
static ALWAYS_INLINE bool requests_take_plain(struct client *client, size_t used)
{
    struct clients *clients = client->clients;
    struct arguments *arguments = &clients->arguments;
    const struct command *command = NULL;

    if (unlikely(client->scan.is_inline || arguments->count == 0 ||
                 arguments->capacity > ARGUMENTS_KEPT) ||
        command_table_find(clients->commands, arguments, &command) != COMMAND_FOUND) {
        return false;
    }
    if (command->only_key == 0 || command->class != COMMAND_CLASS_ONE_KEY || local_has(command)) {
        return false;
    }
    if (unlikely(client->session.is_limited) &&
        !acl_allows_plain(client->session.user, command, arguments)) {
        return false;
    }
    request_scan_reset(&client->scan);
    requests_send_plain(client, command, client->inbound.block,
                        (struct span){inbound_bytes(&client->inbound).at, used});
    inbound_use(&client->inbound, used);
    return true;
}

/* Its end is still to be noticed, so reading goes on for a while: longer where that may take long,
 * and behind what is not read it is not heard. */
static uint64_t held_most(const struct client *client)
{
    bool is_short = clients_memory(client->clients) != BUDGET_FREE;

    return client->is_blocked && !is_short ? client->clients->config->clients_pending_bytes
                                           : HELD_BYTES;
}

static void requests_wait_behind(struct client *client)
{
    inbound_keep_secret(&client->inbound);
    if (client->inbound.size >= held_most(client)) {
        client_pause(client);
    }
}

/* Takes one request of what has been read, and then others like it. Returns false when there is
 * none to be taken. What one odd request changes is looked at anew before the next. */
static bool requests_scan_some(struct client *client)
{
    const struct scan_limits limits = client_scan_limits(client);
    struct arguments *arguments = &client->clients->arguments;
    bool is_plain = client_is_plain(client);
    enum scan_result result;
    size_t used;

    do {
        if (unlikely(client_is_full(client, 1))) {
            client_pause(client);
            return false;
        }
        used = 0;
        result = request_scan_next(&client->scan, &limits, inbound_bytes(&client->inbound),
                                   arguments, &used);
        if (likely(result != SCAN_MORE)) {
            client->unfinished_since = 0;
        }
        if (unlikely(!is_plain || result != SCAN_DONE || !requests_take_plain(client, used))) {
            return requests_take_odd(client, result, used);
        }
    } while (client->state == CLIENT_READING && client->inbound.size > 0);
    return true;
}

void requests_scan(struct client *client)
{
    while (client->state == CLIENT_READING && client->inbound.size > 0 && !client->is_alone) {
        if (!requests_scan_some(client)) {
            break;
        }
    }
    if (unlikely(client->is_alone) && client->state == CLIENT_READING && client->inbound.size > 0) {
        requests_wait_behind(client);
    }
}
