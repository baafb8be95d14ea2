/* PUBLISH and SPUBLISH: what a client publishes goes to one node, a shard's message to that of its
 * slot, so it stays in order; and who is counted as a receiver is put right.
 */
#include <inttypes.h>
#include <stdio.h>

#include "proxy/downstream/local_call.h"
#include "proxy/downstream/requests.h"

static struct tally *tally_of_client(const struct client *client)
{
    return client->clients->house->exchange->tally;
}

/* The request as it was sent, so its arguments are where they were. */
static struct topic channel_of(const struct request *request, struct arguments *arguments)
{
    bool is_read = request_read(request, arguments);

    CHECK(is_read);
    return topic_of(request->command->id == COMMAND_ID_SPUBLISH ? TOPIC_SHARD : TOPIC_CHANNEL,
                    arguments->items[1]);
}

/* To the node, slotway is one receiver for each of its own subscriptions there. */
static int64_t receivers(const struct request *request, int64_t counted)
{
    const struct client *client = request->owner;
    const struct pool *pool = client_dispatcher(client)->table.pools[request->node];
    struct arguments arguments = {0};
    struct topic channel = channel_of(request, &arguments);
    struct tally_count count = tally_receivers(tally_of_client(client), &channel, pool->id);
    int64_t others = counted - (int64_t)count.upstream;

    arguments_clear(&arguments);
    return (others < 0 ? 0 : others) + (int64_t)count.clients;
}

static void publish_on_done(struct request *request, struct block *block, struct span bytes)
{
    const struct client *client = request->owner;
    char line[32];
    int64_t counted;

    if (tally_is_empty(tally_of_client(client)) || bytes.size == 0 || bytes.at[0] != ':' ||
        !reply_integer(bytes, &counted)) {
        client_on_done(request, block, bytes);
        return;
    }

    int size = snprintf(line, sizeof line, ":%" PRId64 "\r\n", receivers(request, counted));

    client_on_done(request, NULL, (struct span){line, (size_t)size});
}

/* A channel that is not a shard's is heard everywhere, so any node will do for one whose slot
 * nobody serves. */
void local_publish(const struct local_call *call)
{
    struct clients *clients = call->client->clients;
    struct dispatcher *dispatcher = client_dispatcher(call->client);
    bool is_shards = call->command->id == COMMAND_ID_SPUBLISH;
    struct topic topic = topic_of(is_shards ? TOPIC_SHARD : TOPIC_CHANNEL, call_word(call, 1));
    uint16_t slot = exchange_slot(clients->house->exchange, &topic);

    if (requests_shed(call->client, call->command)) {
        return;
    }

    struct request *request =
        client_request_begin(call->client, call->command, call->block, call->bytes);

    request->done = publish_on_done;
    request->slot = slot;
    request->target = !is_shards && dispatcher->table.slots[slot].owner == NODE_NONE
                          ? TARGET_PRIMARY
                          : TARGET_SLOT;
    dispatcher_send(dispatcher, request);
}
