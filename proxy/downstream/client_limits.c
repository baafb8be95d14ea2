#include "proxy/downstream/client_limits.h"

#include "proxy/downstream/inquiry.h"

enum {
    /* What nodes refuse as a protocol error costs the connection that all clients share. */
    ARGUMENTS_MAX = 1024 * 1024,        /* Redis before 7.0; later ones take more */
    BULK_MAX = 512 * 1024 * 1024,       /* Redis: proto-max-bulk-len */
    ARGUMENTS_MAX_STRANGER = 10,        /* before AUTH */
    BULK_MAX_STRANGER = 16 * 1024,      /* before AUTH */
    REQUEST_MAX_EXPECTED = 1024 * 1024, /* first of one whom nodes may take as he comes */
    TIGHT_BYTES = 64 * 1024,            /* what a client may hold where memory is tight */
};

/* Of who has said nothing yet, which may be a large request: is he let in, as far as is known?
 * Nodes are not asked before his request is there, so it must not be too large. */
static bool is_expected(const struct clients *clients)
{
    return clients->identities.is_on &&
           reactor_now(clients->reactor) >= clients->identities.newcomers_denied_until;
}

struct scan_limits client_scan_limits(const struct client *client)
{
    size_t request_bytes = client->clients->config->clients_request_bytes;

    if (likely(client->session.is_authenticated)) {
        return (struct scan_limits){ARGUMENTS_MAX, BULK_MAX, request_bytes, true};
    }
    if (is_expected(client->clients)) {
        return (struct scan_limits){
            .arguments = ARGUMENTS_MAX,
            .bulk_bytes = REQUEST_MAX_EXPECTED,
            .request_bytes = size_min(request_bytes, REQUEST_MAX_EXPECTED),
            .authenticated = false,
        };
    }
    return (struct scan_limits){ARGUMENTS_MAX_STRANGER, BULK_MAX_STRANGER, request_bytes, false};
}

size_t client_gathered(const struct client *client)
{
    return client->lane.gathered_bytes +
           (unlikely(client->clients->identities.is_on) ? inquiry_gathered(client) : 0);
}

size_t client_replies(const struct client *client)
{
    return client->pipeline.reply_bytes + client_gathered(client) + client->output.size;
}

/* Beside what goes to nodes and comes from them. */
static size_t requests_size(const struct client *client)
{
    return client->pipeline.count * sizeof(struct request);
}

size_t client_held(const struct client *client)
{
    return requests_size(client) + client->inbound.size + session_kept_bytes(&client->session) +
           client->pipeline.bytes + client_gathered(client) + client->output.size;
}

/* Grows at once and shrinks by an eighth. */
static size_t size_follow(size_t before, size_t size)
{
    return size >= before ? size : before - (before - size + 7) / 8;
}

void client_note_reply(struct client *client, size_t size)
{
    client->reply_size = size_follow(client->reply_size, size);
}

bool client_is_full(const struct client *client, uint64_t share)
{
    const struct pool_config *config = client->clients->config;
    uint64_t pending = client->pipeline.bytes + client->output.size +
                       client->pipeline.count * (uint64_t)client->reply_size;
    uint64_t most = config->clients_pending_bytes;

    if (unlikely(clients_memory(client->clients) != BUDGET_FREE)) {
        most = most < TIGHT_BYTES ? most : TIGHT_BYTES;
        pending += requests_size(client);
    }
    return client->pipeline.count >= (config->clients_pipeline + share - 1) / share ||
           pending >= most / share;
}

/* Not before memory is spent: requests that wait for their rest are not answered, and so free
 * nothing. */
bool client_is_greedy(const struct client *client)
{
    return unlikely(clients_memory(client->clients) == BUDGET_SPENT) &&
           client->inbound.size >= TIGHT_BYTES;
}

/* Does it get what it does not ask for one by one? */
static bool is_listener(const struct client *client)
{
    return client_is_subscribed(client) || client->is_monitor;
}

/* The same question with the limits of one who has subscriptions or monitors, or does neither. */
static bool is_over_soft(struct client *client, size_t replies, uint64_t bytes, uint64_t time)
{
    uint64_t now = reactor_now(client->clients->reactor);

    if (likely(bytes == 0 || replies <= bytes)) {
        if (unlikely(client->session.extras != NULL)) {
            client->session.extras->over_soft_since = 0;
        }
        return false;
    }

    struct extras *extras = session_extras(&client->session);

    if (extras->over_soft_since == 0) {
        extras->over_soft_since = now;
    }
    return now - extras->over_soft_since >= time;
}

static bool listener_is_over_output(struct client *client, size_t replies)
{
    const struct pool_config *config = client->clients->config;
    uint64_t most = config->pubsub_output_bytes == 0 ? config->clients_output_bytes
                                                     : config->pubsub_output_bytes;

    return replies > most || is_over_soft(client, replies, config->pubsub_output_soft_bytes,
                                          config->pubsub_output_soft_time);
}

bool client_is_over_output(struct client *client)
{
    const struct pool_config *config = client->clients->config;
    size_t replies = client_replies(client);

    if (unlikely(is_listener(client))) {
        return listener_is_over_output(client, replies);
    }
    if (unlikely(replies > config->clients_output_bytes &&
                 replies > config->clients_pending_bytes)) {
        return true;
    }
    return is_over_soft(client, replies, config->clients_output_soft_bytes,
                        config->clients_output_soft_time);
}

enum close_reason client_output_reason(const struct client *client)
{
    if (client->is_monitor) {
        return CLOSE_SLOW_MONITOR;
    }
    return client_is_subscribed(client) ? CLOSE_SLOW_SUBSCRIBER : CLOSE_OUTPUT_LIMIT;
}

/* Time in which we do not read, or leave what was read as it is, is not the client's. */
bool client_is_too_slow(struct client *client)
{
    uint64_t now = reactor_now(client->clients->reactor);
    uint64_t patience = client->clients->config->clients_request_time;

    if (client->unfinished_since == 0) {
        return false;
    }
    if (client->state != CLIENT_READING || client->is_alone) {
        client->unfinished_since = now;
    }
    return patience > 0 && now - client->unfinished_since > patience;
}
