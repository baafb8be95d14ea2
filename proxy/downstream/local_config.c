/* CONFIG GET: the first primary that answers speaks for all. */
#include <inttypes.h>
#include <stdio.h>

#include "proxy/downstream/config_get.h"
#include "proxy/downstream/facade.h"

enum { NUMBER_SIZE = 24 };

struct own_texts {
    char port[8];
    char bind[512];
    char maxclients[NUMBER_SIZE];
    char timeout[NUMBER_SIZE];
    char slower_than[NUMBER_SIZE];
    char slow_kept[NUMBER_SIZE];
    char request_larger_than[NUMBER_SIZE];
    char requests_kept[NUMBER_SIZE];
    char reply_larger_than[NUMBER_SIZE];
    char replies_kept[NUMBER_SIZE];
};

static void print_bind(const struct addresses *listen, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < listen->count && used < size; i++) {
        if (listen->items[i].kind == ADDRESS_TCP) {
            int length = snprintf(text + used, size - used, "%s%s", used == 0 ? "" : " ",
                                  listen->items[i].host);

            used += (size_t)length;
        }
    }
}

static void print_number(char text[NUMBER_SIZE], uint64_t number)
{
    snprintf(text, NUMBER_SIZE, "%" PRIu64, number);
}

static void own_texts_print(const struct client *client, struct own_texts *texts)
{
    const struct pool_config *config = client->clients->config;
    struct facade_address address;

    facade_address_of(client, &address);
    snprintf(texts->port, sizeof texts->port, "%u", address.port);
    print_bind(&config->listen, texts->bind, sizeof texts->bind);
    print_number(texts->maxclients, config->clients_max);
    print_number(texts->timeout, config->clients_idle / US_PER_SECOND);
    print_number(texts->slower_than, config->slowlog_slower_than);
    print_number(texts->slow_kept, config->slowlog_max_len);
    print_number(texts->request_larger_than, config->request_larger_than);
    print_number(texts->requests_kept, config->large_request_max_len);
    print_number(texts->reply_larger_than, config->reply_larger_than);
    print_number(texts->replies_kept, config->large_reply_max_len);
}

static void config_answer(const struct client *client, const struct arguments *arguments,
                          struct span reply, struct sendq *to)
{
    struct own_texts texts;

    own_texts_print(client, &texts);

    const struct config_pair pairs[] = {
        {SPAN("databases"), SPAN("1")},
        {SPAN("cluster-enabled"), facade_is_cluster(client) ? SPAN("yes") : SPAN("no")},
        {SPAN("port"), span_of(texts.port)},
        {SPAN("bind"), span_of(texts.bind)},
        {SPAN("maxclients"), span_of(texts.maxclients)},
        {SPAN("timeout"), span_of(texts.timeout)},
        {SPAN("slowlog-log-slower-than"), span_of(texts.slower_than)},
        {SPAN("slowlog-max-len"), span_of(texts.slow_kept)},
        {SPAN("commandlog-execution-slower-than"), span_of(texts.slower_than)},
        {SPAN("commandlog-slow-execution-max-len"), span_of(texts.slow_kept)},
        {SPAN("commandlog-request-larger-than"), span_of(texts.request_larger_than)},
        {SPAN("commandlog-large-request-max-len"), span_of(texts.requests_kept)},
        {SPAN("commandlog-reply-larger-than"), span_of(texts.reply_larger_than)},
        {SPAN("commandlog-large-reply-max-len"), span_of(texts.replies_kept)},
    };
    const struct config_own own = {pairs, ARRAY_LEN(pairs)};

    config_get_write(to, arguments, reply, &own);
}

/* The names and values of the first node that gave some: a map, or in RESP2 an array. */
static struct span first_settings(const struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        char type = fanout->parts[i].reply.at[0];

        if (type == '*' || type == '%') {
            return fanout->parts[i].reply;
        }
    }
    return (struct span){"", 0};
}

static void config_join(struct fanout *fanout, struct sendq *to)
{
    const struct request *parent = fanout->parent;
    struct span reply = first_settings(fanout);
    struct span error = fanout_error(fanout);
    struct arguments arguments = {0};

    if (reply.size == 0 && error.size > 0) {
        sendq_append(to, error);
        return;
    }

    bool is_read = request_read(parent, &arguments);

    CHECK(is_read);
    config_answer(parent->owner, &arguments, reply, to);
    arguments_clear(&arguments);
}

void local_config_get(const struct local_call *call)
{
    struct client *client = call->client;

    if (facade_has_primaries(client)) {
        facade_ask_primaries(call, config_join, NULL);
        return;
    }
    config_answer(client, call->arguments, (struct span){"", 0}, call_begin(call));
    call_end(call);
}
