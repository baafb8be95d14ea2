/* supply.h - one topic as its carrier has it: whose workers want it, and where it is subscribed to.
 *
 *      supply __keyevent@0__:*          supply news
 *        ├── tap at node 1                └── tap at node 2, its home
 *        ├── tap at node 2, its home
 *        └── tap at node 3
 *
 * Ordinary messages are taken from the home only: the bus brings them to every node, and whoever
 * heard them at two would hear them twice. What a node tells of its own keys is taken from each
 * tap. Owned by its carrier; worker's thread only.
 */
#ifndef PROXY_PUBSUB_SUPPLY_H
#define PROXY_PUBSUB_SUPPLY_H

#include "proxy/pubsub/letter.h"
#include "proxy/pubsub/tap.h"

struct supply {
    struct table_link in_carrier;
    struct list_link in_wide; /* of reach EVERY: in the carrier's list of these */
    struct topic topic;       /* its name is the supply's */
    enum topic_reach reach;
    struct list taps;
    struct tap *home;   /* NULL: none yet, or it was lost */
    struct tap *heir;   /* is to be the home when its node has answered once more; or NULL */
    uint64_t home_from; /* no new home before this; 0: it has never lost one */
    uint64_t asked_at;  /* when the first of the joins began to wait */
    struct list joins;  /* letters that wait for it to stand */
    struct list leaves; /* letters that wait for it to end */
    uint32_t worker_count;
    uint64_t workers[]; /* a bit for each whose clients want it */
};

struct supply *supply_new(const struct topic *topic, size_t worker_count) MUST_USE;

/* It has no taps and no letters. Takes the pointer. */
void supply_free(struct supply **supply);

/* Its tap at that feed, or for the node with that id; NULL: none. */
struct tap *supply_tap_at(const struct supply *supply, const struct feed *feed);
struct tap *supply_tap_for(const struct supply *supply, const char *node);

/* Is any of its taps in that state? */
bool supply_has_tap(const struct supply *supply, enum tap_state state);

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
