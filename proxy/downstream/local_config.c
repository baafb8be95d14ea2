/* CONFIG GET: the first primary that answers speaks for all. */
#include <inttypes.h>
#include <stdio.h>

#include "proxy/downstream/config_get.h"
#include "proxy/downstream/facade.h"

struct own_texts {
    char port[8];
    char bind[512];
    char maxclients[24];
    char timeout[24];
    char slower_than[24];
    char slow_kept[24];
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

static void own_texts_print(const struct client *client, struct own_texts *texts)
{
    const struct pool_config *config = client->clients->config;
    struct facade_address address;

    facade_address_of(client, &address);
    snprintf(texts->port, sizeof texts->port, "%u", address.port);
    print_bind(&config->listen, texts->bind, sizeof texts->bind);
    snprintf(texts->maxclients, sizeof texts->maxclients, "%" PRIu64, config->clients_max);
    snprintf(texts->timeout, sizeof texts->timeout, "%" PRIu64,
             config->clients_idle / US_PER_SECOND);
    snprintf(texts->slower_than, sizeof texts->slower_than, "%" PRIu64,
             config->slowlog_slower_than);
    snprintf(texts->slow_kept, sizeof texts->slow_kept, "%" PRIu64, config->slowlog_max_len);
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
