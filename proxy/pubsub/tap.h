/* tap.h - one topic at one node: is it subscribed to there?
 *
 *      WANTING ──> ASKED ──> STANDING
 *        ^ ^          │          │  nobody wants it, its slot has another owner, or its node
 *        │ └──────────┴──────────┼─ is no primary any more │ feed lost, or the node refuses
 *        │                       v
 *        └───────────────────── ENDING ──> freed, when it is not to be anywhere any more
 *
 * Owned by its supply; worker's thread only.
 */
#ifndef PROXY_PUBSUB_TAP_H
#define PROXY_PUBSUB_TAP_H

#include "proxy/pubsub/feed.h"

struct supply;

#define TAP_STATES(STATE)                                                                          \
    STATE(WANTING, "has no node", TO(ASKED))                                                       \
    STATE(ASKED, "is to be subscribed to", TO(WANTING) | TO(STANDING) | TO(ENDING))                \
    STATE(STANDING, "is subscribed to", TO(WANTING) | TO(ENDING))                                  \
    STATE(ENDING, "is being unsubscribed from", TO(WANTING))

enum tap_state {
#define STATE(symbol, text, next) TAP_##symbol,
    TAP_STATES(STATE)
#undef STATE
};

struct tap {
    struct list_link in_supply;
    struct list_link in_list; /* of its feed, or of the carrier's wanting ones */
    struct supply *supply;
    enum tap_state state;
    struct feed *feed; /* not WANTING: where */
    struct feed_ask begin;
    struct feed_ask end;
    char node[NODE_ID_SIZE + 1]; /* where it has to be; "": wherever its topic can be heard */
    bool is_due;                 /* its supply wants it: false when that node is no primary */
    bool is_counted;             /* in the tally, as its node counts it */
    uint64_t retry_at;           /* WANTING: not before this */
    uint32_t refusals;           /* of nodes, in a row */
    uint32_t failures;           /* how often it was ASKED in vain since it last stood */
    uint64_t lost_at;            /* since when messages are missed; 0: they are not */
};

/* At the end of the supply's. `node`: an id; "": any. */
struct tap *tap_new(struct supply *supply, const char *node) MUST_USE;

/* It is on no feed. Takes the pointer. */
void tap_free(struct tap **tap);

/* The only writer of ->state: checks the table of states. */
void tap_become(struct tap *tap, enum tap_state next);

#endif
