#include "proxy/downstream/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/clock.h"
#include "common/json.h"
#include "proxy/downstream/client.h"
#include "proxy/downstream/client_line.h"

enum { TIME_SIZE = 40, KEY_BYTES = 1024, ERROR_BYTES = 64 };

static bool is_on(const struct clients *clients)
{
    return clients->house->trace != NULL && clients->config->trace_sample > 0;
}

uint64_t trace_distance(const struct clients *clients)
{
    uint64_t metrics = clients->config->metrics_sample;
    uint64_t traces = clients->config->trace_sample;

    if (!is_on(clients)) {
        return metrics;
    }
    return metrics == 0 || traces < metrics ? traces : metrics;
}

/* Is the turn of `request`? It stands for `weight` of them. */
static bool is_due(struct clients *clients, uint32_t weight)
{
    struct trace *trace = &clients->trace;

    trace->passed += weight;
    if (trace->passed < clients->config->trace_sample) {
        return false;
    }
    trace->passed = 0;
    return true;
}

static bool may_write(struct clients *clients)
{
    struct trace *trace = &clients->trace;
    uint64_t second = reactor_now(clients->reactor) / US_PER_SECOND;

    if (trace->second != second) {
        trace->second = second;
        trace->in_second = 0;
    }
    if (trace->in_second >= clients->config->trace_rate) {
        metric_add(&clients->metrics->traces_left_out_total, 1);
        return false;
    }
    trace->in_second++;
    return true;
}

static void add_time(struct json *json)
{
    uint64_t now = clock_wall();
    time_t seconds = (time_t)(now / US_PER_SECOND);
    struct tm parts;
    char text[TIME_SIZE];

    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    json_add_print(json, "time", "%s.%06" PRIu64 "Z", text, now % US_PER_SECOND);
}

static void add_client(struct json *json, const struct client *client)
{
    struct client_ends ends;

    client_ends_of(client, &ends);
    json_add_text(json, "pool", client->clients->config->name);
    json_add_number(json, "client", client->session.id);
    json_add_text(json, "address", ends.peer);
    json_add_text(json, "name", session_text(&client->session, TEXT_NAME));
    json_add_text(json, "user", client_user(client));
}

static void add_key(struct json *json, const struct client *client, struct span key)
{
    if (client->clients->config->trace_keys) {
        if (json_add_start(json, "key", key, KEY_BYTES)) {
            json_add_number(json, "key_bytes", key.size);
        }
    } else {
        json_add_print(json, "key_hash", "%016" PRIx64, table_hash_bytes(key));
    }
}

/* The first of its keys, and how many there are. What slotway composed itself has none to show. */
static void add_keys(struct json *json, const struct client *client, const struct request *request)
{
    struct keys *keys = &client->clients->sampling.keys;
    struct arguments arguments = {0};
    const struct command *command;

    if (request_read(request, &arguments) &&
        command_table_find(client->clients->commands, &arguments, &command) == COMMAND_FOUND &&
        command == request->command && keys_find(command, &arguments, keys) == KEYS_FOUND &&
        keys->count > 0) {
        json_add_number(json, "keys", keys->count);
        add_key(json, client, arguments.items[keys->index[0]]);
    }
    arguments_clear(&arguments);
}

static void add_node(struct json *json, const struct client *client, const struct request *request)
{
    const struct slot_table *table = &client_dispatcher(client)->table;
    const struct pool *pool =
        request->node < table->pool_count ? table->pools[request->node] : NULL;

    if (request->slot != SLOT_NONE) {
        json_add_number(json, "slot", request->slot);
    }
    if (pool != NULL) {
        json_add_text(json, "node", pool->name);
    }
}

static uint64_t between(uint64_t begin, uint64_t end)
{
    return end > begin ? end - begin : 0;
}

/* What it waited for before the kernel had it last, and from then on for its answer: the way there
 * and back with it. A request in parts has neither. */
static void add_times(struct json *json, const struct client *client, const struct request *request,
                      const struct sample *sample)
{
    uint64_t now = reactor_now(client->clients->reactor);

    if (sample->sent_at != 0) {
        json_add_number(json, "queued_us", between(request->arrived, sample->sent_at));
        json_add_number(json, "backend_us", between(sample->sent_at, now));
    }
    if (request->waited > 0) {
        json_add_number(json, "waited_us", request->waited);
    }
    json_add_number(json, "total_us", between(request->arrived, now));
}

static void add_error(struct json *json, struct span reply)
{
    const char *end = memchr(reply.at, ' ', reply.size);
    size_t size = end == NULL ? strcspn(reply.at, "\r") : (size_t)(end - reply.at);

    (void)json_add_start(json, "error", (struct span){reply.at + 1, size - 1}, ERROR_BYTES);
}

/* Errors end with CR LF, so their code has an end. */
static void add_result(struct json *json, const struct request *request, struct span reply,
                       size_t reply_size)
{
    json_add_number(json, "bytes_in", request->counted_bytes);
    json_add_number(json, "bytes_out", request->muted ? 0 : reply_size);
    if (request->hops > 0) {
        json_add_number(json, "redirects", request->hops);
    }
    if (request->losses > 0) {
        json_add_number(json, "retries", request->losses);
    }
    if (reply.size > 2 && reply.at[0] == '-') {
        add_error(json, reply);
    }
}

void trace_note(struct client *client, const struct request *request, struct span reply,
                size_t reply_size)
{
    struct clients *clients = client->clients;
    const struct sample *sample = request_sample(request);
    struct json json;

    if (sample == NULL || !is_on(clients) || !is_due(clients, sample->weight) ||
        !may_write(clients)) {
        return;
    }
    json_init(&json);
    json_begin_object(&json, NULL);
    add_time(&json);
    add_client(&json, client);
    json_add_text(&json, "command", request->command->name);
    add_keys(&json, client, request);
    add_node(&json, client, request);
    add_times(&json, client, request, sample);
    add_result(&json, request, reply, reply_size);
    json_end_object(&json);
    json_end_line(&json);
    metric_add(&clients->metrics->traces_total, 1);
    (void)line_file_put(clients->house->trace, json_span(&json));
    json_clear(&json);
}
