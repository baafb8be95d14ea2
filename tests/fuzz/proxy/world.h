/* world.h - the whole of a worker between talkers and nodes, in one thread, under a clock of ours.
 *
 *      talkers ── clients ── dispatcher, gates, fan-outs ── pools ── upstreams ── nodes
 *                  └──────────── one reactor, turned by the script ──────┘
 *
 * clock_gettime() of the whole program tells the world's time, so that waits cost nothing and the
 * same script always makes the same run. One world at a time.
 */
#ifndef TESTS_FUZZ_PROXY_WORLD_H
#define TESTS_FUZZ_PROXY_WORLD_H

#include "proxy/downstream/client.h"
#include "tests/fuzz/proxy/nodes.h"
#include "tests/fuzz/proxy/talkers.h"

enum { WORLD_NOBODY = 0xff }; /* as an owner: nobody serves it */

/* What differs from one world to the next. */
struct world_rules {
    bool has_two_connections; /* per node */
    bool has_short_pipeline;
    bool has_few_in_flight;
    bool has_few_waiting;
    bool has_tight_talkers; /* their sockets take few bytes at a time */
};

struct world {
    struct pool_config *config;
    struct reactor *reactor;
    struct intake requests;
    struct intake replies;
    struct house house;
    struct clients *clients_of_worker;
    struct mailbox *mailbox;
    struct heat *heat;
    struct clients clients;
    struct metrics metrics;
    const struct metrics *metrics_of_worker;
    struct dispatcher *dispatcher;
    _Atomic uint32_t load;
    struct ledger ledger;
    struct nodes nodes;
    struct talker talkers[TALKERS];
    uint64_t now;
    uint64_t version;
    uint16_t connections;
    bool has_tight_talkers;
    size_t blocks_before;
};

/* A worker, nodes that are up, no picture of them, and nobody there. */
void world_open(struct world *world, const struct world_rules *rules);

/* Nodes are well again, everybody listens, and all that was asked is answered: each talker must be
 * told all that it is due, and whoever comes then is served. */
void world_settle(struct world *world);

/* Everybody leaves, and nothing may be left behind. */
void world_close(struct world *world);

/* Time passes, without a turn. */
void world_wait(struct world *world, uint64_t delay_us);

/* One turn; then everybody who listens takes what came. */
void world_turn(struct world *world);

/* A new picture: who serves the four slots, WORLD_NOBODY for nobody. */
void world_adopt(struct world *world, const uint8_t *owners);

/* That talker; connects it if it is not there. */
struct talker *world_talker(struct world *world, size_t number);

/* Has that talker ask something now. */
void world_ask(struct world *world, size_t number, enum asked_kind kind, uint8_t tags);

/* One of the lines that are open; NULL when there is none. */
struct line *world_line(struct world *world, uint8_t number);

#endif
