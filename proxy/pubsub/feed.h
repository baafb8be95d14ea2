/* feed.h - a connection to a node that subscribes, and passes on what the node pushes.
 *
 *      IDLE ──> CONNECTING ──> GREETING ──> READY
 *        ^──────────┴─────────────┴──────────┘ lost, refused, silent: not tried again for a moment
 *
 *      asks:  SUBSCRIBE a | PING | SSUBSCRIBE b       what the node owes an answer to, oldest first
 *
 * It speaks RESP2, which every version knows: nothing but subscriptions and PING is ever sent, so
 * what is pushed and what is answered cannot be mistaken for each other. While nothing comes, it
 * asks now and then whether the node is still there. Owned by its carrier; worker's thread only.
 */
#ifndef PROXY_PUBSUB_FEED_H
#define PROXY_PUBSUB_FEED_H

#include "common/resp_scan.h"
#include "proxy/cluster/topology.h"
#include "proxy/upstream/greeting.h"
#include "proxy/upstream/node_socket.h"

#define FEED_STATES(STATE)                                                                         \
    STATE(IDLE, "no connection", TO(CONNECTING))                                                   \
    STATE(CONNECTING, "waiting for connect() and TLS", TO(GREETING) | TO(IDLE))                    \
    STATE(GREETING, "sent the greeting, waiting for its answers", TO(READY) | TO(IDLE))            \
    STATE(READY, "subscriptions can be made", TO(IDLE))

enum feed_state {
#define STATE(symbol, text, next) FEED_##symbol,
    FEED_STATES(STATE)
#undef STATE
};

struct feed;

enum feed_ask_kind { ASK_PING, ASK_BEGIN, ASK_END };

/* Embed in what is asked for. */
struct feed_ask {
    struct list_link in_feed;
    enum feed_ask_kind kind;
};

/* What a feed tells its carrier; none of these may close or free a feed. */
struct feed_events {
    void (*ready)(struct feed *feed);
    void (*said)(struct feed *feed, struct span reply); /* one whole reply */
    void (*closed)(struct feed *feed);                  /* its asks are off the list */
};

/* What all feeds of a carrier share. */
struct feed_site {
    struct reactor *reactor;
    struct intake *intake;
    const struct pool_config *config;
    struct metrics *metrics;
    const struct feed_events *events;
    void *carrier;
    struct node_door *door; /* NULL: connections are plain */
};

struct feed {
    struct list_link in_carrier;
    const struct feed_site *site;
    char id[NODE_ID_SIZE + 1];
    struct address address;
    struct endpoint endpoint;
    char name[300]; /* "host:port" */
    enum feed_state state;
    bool is_held;       /* not read from for a while */
    bool is_pinging;    /* the PING is among the asks */
    uint32_t failures;  /* in a row */
    uint64_t retry_at;  /* IDLE: not before this */
    uint64_t since;     /* CONNECTING, GREETING: when that began */
    uint64_t last_read; /* when bytes last came */
    uint64_t pinged_at;
    uint64_t used_at; /* when anybody last had a subscription here */
    struct list taps; /* the carrier's: what is, or is to be, subscribed to here */
    struct list asks;
    struct feed_ask ping;
    struct greeting greeting;
    struct sendq output;
    struct inbound inbound;
    struct reply_scan scan;
    struct turn_task flush;
    struct node_socket socket;
};

struct feed *feed_new(const struct feed_site *site, const struct node *node) MUST_USE;

/* Closes it first. No tap may be left. Takes the pointer. */
void feed_free(struct feed **feed);

/* Has nothing gone wrong a moment ago? */
bool feed_accepts(const struct feed *feed);

/* Starts to connect if there is no connection. */
void feed_connect(struct feed *feed);

/* Sends "VERB name"; READY only. The node's answer comes by `said`. */
void feed_say(struct feed *feed, struct feed_ask *ask, const char *verb, struct span name);

/* The oldest ask, and it has its answer. NULL: there is none. */
struct feed_ask *feed_head(const struct feed *feed);
void feed_answered(struct feed *feed, struct feed_ask *ask);

/* Ends the connection: `closed` is called. Not from inside `said`. */
void feed_close(struct feed *feed, enum close_reason reason);

/* Stops reading, or goes on: for a carrier whose messages nobody takes. */
void feed_hold(struct feed *feed, bool is_held);

/* To be called now and then: closes what is silent for too long. */
void feed_look(struct feed *feed);

#endif
