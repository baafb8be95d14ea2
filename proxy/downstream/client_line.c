#include "proxy/downstream/client_line.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/memory.h"
#include "proxy/acl/acl_user.h"
#include "proxy/downstream/tracking.h"

static void client_end_unix(const struct endpoint *local, struct client_ends *ends)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)&local->storage;

    snprintf(ends->local, sizeof ends->local, "%.*s:0", (int)sizeof name->sun_path, name->sun_path);
    memcpy(ends->peer, ends->local, sizeof ends->peer);
    ends->is_unix = true;
}

/* As a load balancer has told. */
static void client_ends_behind(const struct client *client, struct client_ends *ends)
{
    snprintf(ends->peer, sizeof ends->peer, "%s", session_text(&client->session, TEXT_PEER));
    snprintf(ends->local, sizeof ends->local, "%s", session_text(&client->session, TEXT_LOCAL));
    ends->is_unix = false;
}

void client_ends_of(const struct client *client, struct client_ends *ends)
{
    struct endpoint local = {.size = 0};
    struct endpoint peer = {.size = sizeof peer.storage};

    if (session_text(&client->session, TEXT_PEER) != NULL) {
        client_ends_behind(client, ends);
        return;
    }
    socket_local(client_fd(client), &local);
    if (local.storage.ss_family == AF_UNIX) {
        client_end_unix(&local, ends);
        return;
    }
    endpoint_print(&local, ends->local, sizeof ends->local);
    ends->peer[0] = '\0';
    ends->is_unix = false;
    if (getpeername(client_fd(client), (struct sockaddr *)&peer.storage, &peer.size) == 0) {
        endpoint_print(&peer, ends->peer, sizeof ends->peer);
    }
}

/* Tracked; the client that is to be told is gone; by prefixes. */
static char *tracking_flags_print(const struct tracking *tracking, char *at)
{
    if (tracking == NULL) {
        return at;
    }
    *at++ = 't';
    if (tracking->is_broken) {
        *at++ = 'R';
    }
    if (tracking->options.is_broadcast) {
        *at++ = 'B';
    }
    return at;
}

/* Redis's letters: O monitors, x is between MULTI and EXEC, b is blocked, t is tracked, c closes
 * after its replies, P has subscriptions, U came over a unix socket, e and T as it said. */
static void flags_print(const struct client *client, bool is_unix, char text[16])
{
    char *at = text;

    if (client->is_monitor) {
        *at++ = 'O';
    }
    if (client->session.is_in_multi) {
        *at++ = 'x';
    }
    if (client->is_blocked) {
        *at++ = 'b';
    }
    at = tracking_flags_print(client_tracking(client), at);
    if (client->state == CLIENT_DRAINING || client->state == CLIENT_LEAVING) {
        *at++ = 'c';
    }
    if (client_is_subscribed(client)) {
        *at++ = 'P';
    }
    if (is_unix) {
        *at++ = 'U';
    }
    if (client->session.no_evict) {
        *at++ = 'e';
    }
    if (client->session.no_touch) {
        *at++ = 'T';
    }
    if (at == text) {
        *at++ = 'N';
    }
    *at = '\0';
}

static const char *text_or_none(const char *text)
{
    return text == NULL ? "" : text;
}

static uint64_t seconds_since(uint64_t then, uint64_t now)
{
    return now < then ? 0 : (now - then) / US_PER_SECOND;
}

static size_t arguments_bytes(const struct arguments *arguments)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < arguments->count; i++) {
        bytes += arguments->items[i].size;
    }
    return bytes;
}

/* The arguments of what the client waits for: of several requests, the one whose turn it is. */
static size_t awaited_bytes(const struct client *client)
{
    struct list_link *head = list_first(&client->pipeline.requests);
    struct arguments arguments = {.count = 0};
    size_t bytes = 0;

    if (head != NULL && request_read(container_of(head, struct request, in_pipeline), &arguments)) {
        bytes = arguments_bytes(&arguments);
    }
    arguments_clear(&arguments);
    return bytes;
}

/* What has been read and not been answered, the request in hand with it. Redis: who is blocked has
 * nothing in his buffer but what he has sent since. */
static size_t unanswered_bytes(const struct client *client)
{
    size_t asked = client->pipeline.bytes - client->pipeline.reply_bytes;

    return client->inbound.size + (client->is_blocked ? 0 : asked);
}

/* Room behind what has been read, unless other clients share it. */
static size_t unused_bytes(const struct inbound *inbound)
{
    return inbound->block == NULL || inbound->block->references > 1 ? 0
                                                                    : block_room(inbound->block);
}

const char *client_user(const struct client *client)
{
    return client->session.is_authenticated ? client->session.user->name : "";
}

/* There is no static reply buffer: what waits for the socket is all in a list. */
char *client_line_print(const struct client *client, const struct arguments *in_hand)
{
    const struct session *session = &client->session;
    const struct queued *queued = session_queued(session);
    static const uint32_t none[TOPIC_KINDS];
    const struct subscriptions *subscriptions = client_subscriptions(client);
    const uint32_t *counts = subscriptions == NULL ? none : subscriptions->subscriber.active_count;
    uint64_t now = reactor_now(client->clients->reactor);
    size_t pending = client->output.size + client->pipeline.bytes;
    struct client_ends ends;
    char command[COMMAND_NAME_MAX + 1];
    char flags[16];

    client_ends_of(client, &ends);
    flags_print(client, ends.is_unix, flags);
    return memory_print(
        "id=%" PRIu64 " addr=%s laddr=%s fd=%d name=%s age=%" PRIu64 " idle=%" PRIu64
        " flags=%s db=0 sub=%u psub=%u ssub=%u multi=%" PRId64
        " qbuf=%zu qbuf-free=%zu argv-mem=%zu multi-mem=%zu"
        " rbs=0 rbp=0 obl=0 oll=%zu omem=%zu tot-mem=%zu events=%s cmd=%s user=%s redir=%" PRId64
        " resp=%d lib-name=%s lib-ver=%s\n",
        session->id, ends.peer, ends.local, client_fd(client),
        text_or_none(session_text(session, TEXT_NAME)), now / US_PER_SECOND - session->created_s,
        seconds_since(session->last_active, now), flags, counts[TOPIC_CHANNEL],
        counts[TOPIC_PATTERN], counts[TOPIC_SHARD],
        session->is_in_multi ? (int64_t)queued->count : -1, unanswered_bytes(client),
        unused_bytes(&client->inbound),
        in_hand == NULL ? awaited_bytes(client) : arguments_bytes(in_hand), queued_bytes(queued),
        sendq_chunks(&client->output), client->output.size,
        sizeof *client + client->inbound.size + queued->bytes.size + pending,
        sendq_is_empty(&client->output) ? "r" : "rw",
        session->last_command == NULL ? "NULL" : command_wire_name(session->last_command, command),
        session->user->name, tracking_redirection(client_tracking(client)), session->protocol,
        text_or_none(session_text(session, TEXT_LIBRARY_NAME)),
        text_or_none(session_text(session, TEXT_LIBRARY_VERSION)));
}
