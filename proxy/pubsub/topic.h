/* topic.h - what can be subscribed to: a channel, a pattern of channels, or a shard's channel.
 *
 * The three kinds have names of their own each. A value: the name is borrowed. Where its messages
 * can be heard:
 *
 *      news, n*                           ANY     at any node: the cluster's bus brings them
 *      s of SSUBSCRIBE                    OWNER   at the owner of its slot
 *      __keyspace@0__:KEY                 OWNER   at the owner of KEY's slot
 *      __keyevent@0__:del, __key*, *      EVERY   at each primary, which tells of its own keys
 */
#ifndef PROXY_PUBSUB_TOPIC_H
#define PROXY_PUBSUB_TOPIC_H

#include "common/table.h"
#include "proxy/cluster/slot.h"

/* kind, what subscribes, what ends that, and how a node calls its messages */
#define TOPIC_KIND_ROWS(ROW)                                                                       \
    ROW(CHANNEL, "subscribe", "unsubscribe", "message")                                            \
    ROW(PATTERN, "psubscribe", "punsubscribe", "pmessage")                                         \
    ROW(SHARD, "ssubscribe", "sunsubscribe", "smessage")

enum topic_kind {
#define ROW(symbol, begins, ends, message) TOPIC_##symbol,
    TOPIC_KIND_ROWS(ROW)
#undef ROW
        TOPIC_KINDS,
};

struct topic {
    enum topic_kind kind;
    struct span name;
    uint64_t hash;
};

/* The topic of that name. */
struct topic topic_of(enum topic_kind kind, struct span name);

static inline bool topic_equal(const struct topic *a, const struct topic *b)
{
    return a->hash == b->hash && a->kind == b->kind && span_equal(a->name, b->name);
}

/* The same topic with a name that is the caller's memory from here on: free() its name.at. */
struct topic topic_keep(const struct topic *topic);

/* At how many nodes it has to be subscribed to, so that nothing is missed. */
enum topic_reach { REACH_ANY, REACH_OWNER, REACH_EVERY };
enum topic_reach topic_reach(const struct topic *topic);

/* The slot of its name, or of the key in that: OWNER's. */
uint16_t topic_slot(const struct topic *topic);

/* "subscribe" and "unsubscribe", with the letter of their kind in front. */
const char *topic_verb(enum topic_kind kind);
const char *topic_end_verb(enum topic_kind kind);

/* Which of three columns of the table `word` stands in. */
enum topic_word { TOPIC_WORD_BEGINS, TOPIC_WORD_ENDS, TOPIC_WORD_MESSAGE, TOPIC_WORD_NONE };

/* What `word`, the first of what a node pushes, says of which kind. */
enum topic_word topic_find_word(struct span word, enum topic_kind *kind);

#endif
