/* supply.h - one topic as its carrier has it: whose workers want it, and where it is subscribed to.
 *
 *      WANTING ──> ASKED ──> STANDING
 *        ^ ^          │          │  nobody wants it, or its slot has another owner
 *        │ └──────────┴──────────┼─ the feed is lost, or the node refuses
 *        │                       v
 *        └───────────────────── ENDING ──> freed, when nobody wants it
 *
 * A topic is never subscribed to at two nodes at once: whoever heard both would hear messages
 * twice. Owned by its carrier; worker's thread only.
 */
#ifndef PROXY_PUBSUB_SUPPLY_H
#define PROXY_PUBSUB_SUPPLY_H

#include "proxy/pubsub/feed.h"
#include "proxy/pubsub/letter.h"

#define SUPPLY_STATES(STATE)                                                                       \
    STATE(WANTING, "has no node", TO(ASKED))                                                       \
    STATE(ASKED, "is to be subscribed to", TO(WANTING) | TO(STANDING) | TO(ENDING))                \
    STATE(STANDING, "is subscribed to", TO(WANTING) | TO(ENDING))                                  \
    STATE(ENDING, "is being unsubscribed from", TO(WANTING))

enum supply_state {
#define STATE(symbol, text, next) SUPPLY_##symbol,
    SUPPLY_STATES(STATE)
#undef STATE
};

struct supply {
    struct table_link in_carrier;
    struct list_link in_list; /* of its feed, or of the carrier's wanting ones */
    struct topic topic;       /* its name is the supply's */
    enum supply_state state;
    struct feed *feed; /* not WANTING: where */
    struct feed_ask begin;
    struct feed_ask end;
    uint64_t retry_at;  /* WANTING: not before this */
    uint32_t refusals;  /* of nodes, in a row */
    uint64_t lost_at;   /* since when messages are missed; 0: they are not */
    struct list joins;  /* letters that wait for it to stand */
    struct list leaves; /* letters that wait for it to end */
    uint32_t worker_count;
    uint64_t workers[]; /* a bit for each whose clients want it */
};

struct supply *supply_new(const struct topic *topic, size_t worker_count) MUST_USE;

/* It is on no feed and has no letters. Takes the pointer. */
void supply_free(struct supply **supply);

/* The only writer of ->state: checks the table of states. */
void supply_become(struct supply *supply, enum supply_state next);

static inline bool supply_has(const struct supply *supply, size_t worker)
{
    return (supply->workers[worker / 64] >> (worker % 64)) & 1;
}

/* Does worker `worker` want it? Keeps the count. */
void supply_set(struct supply *supply, size_t worker, bool is_wanted);

/* Answers the letters that wait: all, or those of one worker. */
void supply_answer(struct list *letters, enum letter_answer answer, struct span error);
void supply_forget_joins(struct supply *supply, size_t worker);

#endif
