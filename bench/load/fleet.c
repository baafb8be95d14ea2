#include "bench/load/fleet.h"

#include <stdlib.h>

#include "common/memory.h"

enum {
    OPENING_MAX = 128, /* fewer than the queue of any listener */
    REOPEN_AFTER_US = 100 * US_PER_MS,
};

void fleet_init(struct fleet *fleet, struct connections *connections, const struct nodes *nodes)
{
    *fleet = (struct fleet){.connections = connections, .nodes = nodes};
    list_init(&fleet->waiting);
}

struct channel *channel_new(struct fleet *fleet, uint32_t client, uint16_t node)
{
    struct channel *channel = memory_new(1, sizeof *channel);

    channel->client = client;
    channel->node = node;
    connection_init(&channel->connection, fleet->connections);
    return channel;
}

void channel_free(struct channel **channel)
{
    if (*channel == NULL) {
        return;
    }
    list_remove(&(*channel)->waiting);
    connection_clear(&(*channel)->connection);
    free(*channel);
    *channel = NULL;
}

void fleet_open_later(struct fleet *fleet, struct channel *channel)
{
    list_append(&fleet->waiting, &channel->waiting);
}

static void greet(struct fleet *fleet, struct channel *channel, enum work_kind kind)
{
    struct unit greeting = {
        .due = fleet->connections->now, .kind = (uint8_t)kind, .is_greeting = true};

    if (channel->connection.state != CONNECTION_CLOSED) {
        connection_send(&channel->connection, &greeting);
    }
}

void fleet_open_now(struct fleet *fleet, struct channel *channel)
{
    list_remove(&channel->waiting);
    connection_open(&channel->connection, &fleet->nodes->endpoints[channel->node]);
    if (fleet->connections->work->password != NULL) {
        greet(fleet, channel, WORK_AUTH);
    }
}

/* Those that wait for a later time stand behind those that do not: each waits equally long. */
void fleet_turn(struct fleet *fleet)
{
    struct list_link *first;

    while (fleet->opening < OPENING_MAX && (first = list_first(&fleet->waiting)) != NULL) {
        struct channel *channel = container_of(first, struct channel, waiting);

        if (channel->open_at > fleet->connections->now) {
            return;
        }
        fleet->opening++;
        channel->is_opening = true;
        fleet_open_now(fleet, channel);
        greet(fleet, channel, WORK_PING);
    }
}

bool fleet_greeted(struct fleet *fleet, struct channel *channel, const struct unit *unit)
{
    if (unit->kind != WORK_PING) {
        return false;
    }
    fleet->opening--;
    fleet->ready++;
    channel->is_opening = false;
    channel->is_ready = true;
    return true;
}

void fleet_lost(struct fleet *fleet, struct channel *channel, bool for_good)
{
    fleet->lost++;
    fleet->ready -= channel->is_ready;
    fleet->opening -= channel->is_opening;
    channel->is_ready = channel->is_opening = false;
    if (for_good) {
        return;
    }
    channel->open_at = fleet->connections->now + REOPEN_AFTER_US;
    fleet_open_later(fleet, channel);
}
