/* traffic.h - the clients: who sends what when, and what became of it.
 *
 *      closed loop   each client sends `depth` units together, and the next when all are answered,
 *                    as client libraries and redis-benchmark do
 *      open loop     a unit is sent when it is due, by the clients in turn; clients that have one
 * at a time (a connection each, answers waited for) send a due one late when all are busy, and its
 * latency says so
 *
 * In a cluster a client has a connection to each node. A unit that is answered MOVED is sent once
 * more, after the nodes have been asked who serves what. One thread.
 */
#ifndef BENCH_LOAD_TRAFFIC_H
#define BENCH_LOAD_TRAFFIC_H

#include "bench/load/fleet.h"
#include "bench/load/options.h"
#include "bench/load/schedule.h"
#include "bench/load/tally.h"

struct client {
    struct channel **channels; /* by node; NULL: none yet */
    uint16_t room;
    uint64_t in_flight;
};

struct traffic {
    const struct options *options;
    struct tally *tally;
    struct work work;
    struct nodes nodes;
    struct connections connections;
    struct fleet fleet;
    struct client *clients;
    struct channel **idle;
    struct schedule schedule; /* rate 0: closed loop */
    uint64_t depth;           /* units that a client may have on their way */
    uint64_t total;           /* units to send */
    uint64_t sent;
    uint64_t in_flight;
    uint64_t turn;  /* of the clients in an open loop */
    uint64_t until; /* nothing is sent from then on */
    uint64_t last;  /* when something was answered */
    uint64_t next_tick;
    uint64_t complaints;
    bool is_working; /* and not only opening connections */
    bool has_failed; /* altogether, which stderr has been told */
};

/* Nothing is open. False, after a line to stderr, when the options lead nowhere. Borrows the
 * options and the tally. */
bool traffic_init(struct traffic *traffic, const struct options *options,
                  struct tally *tally) MUST_USE;
void traffic_clear(struct traffic *traffic);

/* What connections tell. */
connection_answered traffic_answered;
connection_lost traffic_lost;

/* All connections of the run shall be opened by turns of the fleet: those of the clients, unless
 * each request has its own, and idle ones. */
void traffic_open(struct traffic *traffic);

/* Are they all open? */
bool traffic_is_open(const struct traffic *traffic);

/* The client's connection to the node, open or closed. */
struct channel *traffic_channel(struct traffic *traffic, uint32_t index, uint16_t node);

/* The clients begin now. */
void traffic_start(struct traffic *traffic);

/* Sends what may be sent now and no answer sends; to be called between waits. */
void traffic_send(struct traffic *traffic);

/* How long one may wait for sockets before traffic_send is to be called again. */
uint64_t traffic_pause_us(const struct traffic *traffic);

/* Is everything sent, and over? */
bool traffic_is_done(const struct traffic *traffic);

/* It cannot go on: tells stderr why, once. */
void traffic_fail(struct traffic *traffic, const char *what, const char *why);

#endif
