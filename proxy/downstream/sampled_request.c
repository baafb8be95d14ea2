#include "proxy/downstream/sampled_request.h"

#include "proxy/command/command_kind.h"
#include "proxy/downstream/trace.h"
#include "proxy/metrics/heat.h"

_Static_assert((int)COMMAND_KIND_COUNT <= (int)METRICS_COMMAND_KINDS, "each has its metrics");
_Static_assert((int)HEAT_SLOTS == (int)SLOT_COUNT, "each is counted");

enum { LARGE_BYTES = 64 * 1024 }; /* worth a look at its key also when it is no sample */

static struct span shown(const struct client *client, struct span key)
{
    return client->clients->config->metrics_keys ? key : (struct span){"", 0};
}

/* Are the arguments in hand those of `command`? What slotway makes of a request itself is another,
 * and a step of a transaction that follows a node's answer finds those of whoever was read last. */
static bool is_in_hand(const struct client *client, const struct command *command)
{
    return client->clients->arguments.count > 0 && command == client->session.last_command;
}

static void note_keys(struct client *client, const struct command *command, uint32_t weight)
{
    struct clients *clients = client->clients;
    struct keys *keys = &clients->sampling.keys;
    struct key_use uses[HEAT_KEYS_MAX];
    size_t count = 0;

    if (is_in_hand(client, command) &&
        keys_find(command, &clients->arguments, keys) == KEYS_FOUND) {
        for (; count < size_min(keys->count, HEAT_KEYS_MAX); count++) {
            struct span key = clients->arguments.items[keys->index[count]];

            uses[count] = (struct key_use){
                .hash = table_hash_bytes(key),
                .key = shown(client, key),
                .weight = weight,
                .slot = slot_of(key),
                .is_write = (command->flags & COMMAND_WRITE) != 0,
            };
        }
    }
    heat_note(clients->sampling.heat, reactor_now(clients->reactor), weight, uses, count);
}

static uint32_t take(struct clients *clients)
{
    return sampling_take(&clients->sampling, reactor_now(clients->reactor),
                         trace_distance(clients));
}

/* What is answered at once, behind others, is no sample: the next one is due instead. */
void sampled_request_begin(struct client *client, struct request *request)
{
    if (request->bytes.size == 0) {
        sampling_postpone(&client->clients->sampling);
        return;
    }

    uint32_t weight = take(client->clients);

    if (weight == 0) {
        return;
    }
    special_of(request)->sample = (struct sample){
        .weight = weight,
        .kind = (uint8_t)command_kind(request->command),
        .since = request->arrived,
    };
    note_keys(client, request->command, weight);
}

void sampled_request_queue(struct client *client, const struct command *command)
{
    uint32_t weight = sampling_is_due(&client->clients->sampling) ? take(client->clients) : 0;

    if (weight > 0) {
        note_keys(client, command, weight);
    }
}

static void note_big(struct client *client, const struct request *request, size_t reply_size,
                     const struct arguments *arguments)
{
    struct clients *clients = client->clients;
    struct keys *keys = &clients->sampling.keys;

    if (keys_find(request->command, arguments, keys) != KEYS_FOUND || keys->count != 1) {
        return;
    }

    struct span key = arguments->items[keys->index[0]];

    heat_note_big(clients->sampling.heat, &(struct big_use){
                                              .now = reactor_now(clients->reactor),
                                              .hash = table_hash_bytes(key),
                                              .key = shown(client, key),
                                              .request_bytes = request->counted_bytes,
                                              .reply_bytes = reply_size,
                                              .command = request->command->name,
                                              .slot = slot_of(key),
                                          });
}

/* Several keys share what is large, and nobody knows how. */
static void look_for_big_key(struct client *client, const struct request *request,
                             size_t reply_size)
{
    struct arguments arguments = {0};
    const struct command *command;

    if (request_read(request, &arguments) &&
        command_table_find(client->clients->commands, &arguments, &command) == COMMAND_FOUND &&
        command == request->command) {
        note_big(client, request, reply_size, &arguments);
    }
    arguments_clear(&arguments);
}

void sampled_request_end(struct client *client, const struct request *request, size_t reply_size)
{
    const struct sample *sample = request_sample(request);
    size_t larger = size_max(request->counted_bytes, reply_size);

    if (sample != NULL) {
        struct kind_metrics *metrics = &client->clients->metrics->kinds[sample->kind];

        steps_record(&metrics->request_bytes, request->counted_bytes, sample->weight);
        steps_record(&metrics->reply_bytes, reply_size, sample->weight);
    }
    if ((sample != NULL || larger >= LARGE_BYTES) &&
        heat_wants_big(client->clients->sampling.heat, larger)) {
        look_for_big_key(client, request, reply_size);
    }
}
