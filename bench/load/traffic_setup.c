/* What a run consists of, and how its connections come to be. */
#include <stdlib.h>

#include "bench/load/traffic.h"
#include "common/memory.h"

enum {
    FILL_DEPTH = 16,
    FILL_BYTES = 64 * 1024, /* that one client has on its way, if that is more than one value */
};

/* How deep a client's pipeline is. */
static uint64_t depth_of(const struct options *options)
{
    bool is_one_by_one = options->connect_each || options->work == WORK_MULTI_STEPS;

    if (options->fill && options->pipeline == 1 && !options->connect_each) {
        uint64_t most = FILL_BYTES / options->size;

        return most < 1 ? 1 : most < FILL_DEPTH ? most : FILL_DEPTH;
    }
    if (is_one_by_one) {
        return 1;
    }
    return options->rate > 0 ? UINT64_MAX : options->pipeline;
}

static uint64_t total_of(const struct options *options)
{
    if (options->fill) {
        return options->keys;
    }
    if (options->requests > 0) {
        return options->requests;
    }
    return options->rate > 0 ? (uint64_t)((double)options->rate * options->seconds) : UINT64_MAX;
}

static void work_prepare(struct work *work, const struct options *options)
{
    bool is_spread = !options->fill && work_is_spread(options->work);

    work_init(work, options->work, options->size, options->seed);
    work_set_keys(work, options->keys, is_spread ? (uint32_t)options->keys_per : 1);
    work->user = options->user;
    work->password = options->password;
    work->allow_missing = options->allow_missing;
}

static void prepare_tls(struct traffic *traffic)
{
    const struct tls_settings settings = {
        .kind = TLS_CLIENT, .verify = TLS_VERIFY_REQUIRED, .ca_file = traffic->options->tls_ca};
    struct tls_fault fault;

    if (settings.ca_file == NULL) {
        return;
    }
    traffic->connections.host = traffic->options->host;
    traffic->connections.tls = tls_context_new(&settings, &fault);
    if (traffic->connections.tls == NULL) {
        traffic_fail(traffic, settings.ca_file, fault.text);
    }
}

bool traffic_init(struct traffic *traffic, const struct options *options, struct tally *tally)
{
    *traffic = (struct traffic){.options = options, .tally = tally};
    work_prepare(&traffic->work, options);
    connections_init(&traffic->connections, &traffic->work);
    traffic->connections.answered = traffic_answered;
    traffic->connections.lost = traffic_lost;
    traffic->connections.context = traffic;
    fleet_init(&traffic->fleet, &traffic->connections, &traffic->nodes);
    traffic->clients = memory_new(options->clients, sizeof *traffic->clients);
    traffic->idle = memory_new(options->idle, sizeof *traffic->idle);
    prepare_tls(traffic);
    traffic->depth = depth_of(options);
    traffic->total = total_of(options);
    if (!nodes_init(&traffic->nodes, options->host, (uint16_t)options->port) ||
        (options->cluster && !nodes_ask(&traffic->nodes, options->user, options->password))) {
        traffic_fail(traffic, "cannot begin", traffic->nodes.why);
    }
    return !traffic->has_failed;
}

void traffic_clear(struct traffic *traffic)
{
    for (uint64_t i = 0; i < traffic->options->idle; i++) {
        channel_free(&traffic->idle[i]);
    }
    for (uint64_t i = 0; i < traffic->options->clients; i++) {
        struct client *client = &traffic->clients[i];

        for (uint16_t node = 0; node < client->room; node++) {
            channel_free(&client->channels[node]);
        }
        free(client->channels);
    }
    free(traffic->idle);
    free(traffic->clients);
    connections_clear(&traffic->connections);
    work_clear(&traffic->work);
}

static void open_to(struct traffic *traffic, uint16_t node)
{
    for (uint32_t i = 0; i < traffic->options->clients; i++) {
        fleet_open_later(&traffic->fleet, traffic_channel(traffic, i, node));
    }
}

void traffic_open(struct traffic *traffic)
{
    const struct options *options = traffic->options;
    bool are_clients_wanted = !options->hold && !options->connect_each;

    for (uint16_t node = 0; node < traffic->nodes.count && are_clients_wanted; node++) {
        if (nodes_serves(&traffic->nodes, node)) {
            open_to(traffic, node);
        }
    }
    for (uint64_t i = 0; i < options->idle; i++) {
        traffic->idle[i] = channel_new(&traffic->fleet, CHANNEL_IDLE, 0);
        fleet_open_later(&traffic->fleet, traffic->idle[i]);
    }
}

struct channel *traffic_channel(struct traffic *traffic, uint32_t index, uint16_t node)
{
    struct client *client = &traffic->clients[index];

    CHECK(node < traffic->nodes.count);
    if (node >= client->room) {
        uint16_t room = traffic->nodes.count;

        client->channels = memory_resize(client->channels, room, sizeof *client->channels);
        for (; client->room < room; client->room++) {
            client->channels[client->room] = NULL;
        }
    }
    if (client->channels[node] == NULL) {
        client->channels[node] = channel_new(&traffic->fleet, index, node);
    }
    return client->channels[node];
}

bool traffic_is_open(const struct traffic *traffic)
{
    return traffic->fleet.opening == 0 && list_is_empty(&traffic->fleet.waiting);
}
