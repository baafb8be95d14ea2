/* fleet.h - all connections of a run: opened a few at a time, greeted, and opened again when lost.
 *
 *      waiting ──fleet_turn──> opening ──AUTH, PING answered──> ready
 *         ^                       │ lost                          │ lost
 *         └───a moment later──────┴───────────────────────────────┘
 *
 * One thread.
 */
#ifndef BENCH_LOAD_FLEET_H
#define BENCH_LOAD_FLEET_H

#include "bench/load/connection.h"
#include "bench/load/nodes.h"

enum { CHANNEL_IDLE = UINT32_MAX };

/* A connection to a node that is kept as long as the run lasts. */
struct channel {
    struct connection connection;
    struct list_link waiting;
    uint64_t open_at;
    uint32_t client; /* or CHANNEL_IDLE: it says nothing */
    uint16_t node;
    bool is_opening; /* its greeting has not been answered */
    bool is_ready;
};

struct fleet {
    struct connections *connections;
    const struct nodes *nodes;
    struct list waiting;
    size_t opening;
    size_t ready;
    uint64_t lost;
};

static inline struct channel *channel_of(struct connection *connection)
{
    return container_of(connection, struct channel, connection);
}

void fleet_init(struct fleet *fleet, struct connections *connections, const struct nodes *nodes);

/* A channel that is closed, and waits for nothing. */
struct channel *channel_new(struct fleet *fleet, uint32_t client, uint16_t node) MUST_USE;
void channel_free(struct channel **channel);

/* Shall be opened by a fleet_turn. */
void fleet_open_later(struct fleet *fleet, struct channel *channel);

/* Opens it now, and sends AUTH if there is a password, but no PING: it never is ready, but unless
 * it is closed again at once it may be sent by. */
void fleet_open_now(struct fleet *fleet, struct channel *channel);

/* Opens channels whose time has come. */
void fleet_turn(struct fleet *fleet);

/* A greeting was answered as it had to be. Returns true when the channel is ready now. */
bool fleet_greeted(struct fleet *fleet, struct channel *channel, const struct unit *unit);

/* The channel was lost; it will be opened again unless `for_good`. */
void fleet_lost(struct fleet *fleet, struct channel *channel, bool for_good);

#endif
