/* discovery_parts.h - what discovery consists of: for discovery.c, which runs it, discovery_rest.c,
 * which says when, and discovery_config.c, which gives it other options.
 */
#ifndef PROXY_CLUSTER_DISCOVERY_PARTS_H
#define PROXY_CLUSTER_DISCOVERY_PARTS_H

#include "config/config_share.h"
#include "proxy/cluster/candidates.h"
#include "proxy/cluster/discovery.h"
#include "proxy/cluster/silence.h"
#include "proxy/cluster/state_file.h"

/* What ended the time between two rounds. */
enum wake_up { WAKE_TIMER, WAKE_HINT, WAKE_OFFER, WAKE_STOP };

struct discovery {
    topology_publish *publish;
    void *context;
    struct node_door *door; /* NULL: connections are plain */
    struct discovery_stats stats;
    _Atomic bool is_hinted;
    int hint_fd;                           /* wakes the thread from its sleep between rounds */
    _Atomic(struct config_view *) offered; /* what the options are to be, or NULL; its taker's */
    int stop_fd; /* once readable, readable for ever: ends each wait of the thread */
    struct thread thread;
    struct pulse pulse;
    bool is_running;        /* or has ended, and nobody has waited for it */
    bool is_stopping;       /* is running, and has been asked to end */
    _Atomic bool has_ended; /* its last word */

    /* From here on the thread's own. */
    struct config_view view;        /* the options that the thread goes by, */
    const struct pool_config *pool; /* in there */
    struct node_link link;
    struct candidates candidates;
    struct adoption adoption;
    resolver_lookup *lookup;
    struct resolver *resolver;
    struct state_file state_file;
    struct topology *remembered; /* of the state file, or NULL */
    struct topology *current;    /* published last, or NULL */
    uint64_t version;
    uint64_t asked_at;  /* when the last question was sent */
    uint64_t rested_at; /* when the last round ended */
    uint64_t backoff;   /* 0: the last round had an answer */
    struct silence silence;
    struct lessons *lessons; /* what nodes are asked for besides; NULL: nothing */
    uint64_t doubt_logged_at[DOUBT_COUNT];
    uint32_t quiet_rounds; /* in a row, that nothing hinted at */
    unsigned short dice[3];
};

/* The thread itself: waits until it is time for the next round, and takes what it is offered. */
enum wake_up discovery_rest(struct discovery *discovery);

/* Any thread: ends the sleep between two rounds. */
void discovery_wake(struct discovery *discovery);

/* The thread itself: has it been offered other options? And: goes by them from now on. */
bool discovery_has_offer(const struct discovery *discovery);
void discovery_accept(struct discovery *discovery);

/* When the thread is gone: what it has not taken any more is for the next one. */
void discovery_take_offer(struct discovery *discovery);
void discovery_drop_config(struct discovery *discovery);

#endif
