#include "proxy/pubsub/topic.h"

#include "common/memory.h"
#include "proxy/pubsub/keyspace.h"

enum { KIND_STEP = 0x5bd1e995 };

static const char *const words[TOPIC_KINDS][TOPIC_WORD_NONE] = {
#define ROW(symbol, begins, ends, message) {begins, ends, message},
    TOPIC_KIND_ROWS(ROW)
#undef ROW
};

struct topic topic_of(enum topic_kind kind, struct span name)
{
    return (struct topic){kind, name, table_hash_bytes(name) + (uint64_t)kind * KIND_STEP};
}

struct topic topic_keep(const struct topic *topic)
{
    struct topic kept = *topic;

    kept.name.at = memory_copy(topic->name.at, topic->name.size);
    return kept;
}

static enum topic_reach channel_reach(struct span channel)
{
    struct span rest;

    switch (keyspace_of(channel, &rest)) {
    case KEYSPACE_NONE: return REACH_ANY;
    case KEYSPACE_KEY: return REACH_OWNER;
    case KEYSPACE_EVENT: return REACH_EVERY;
    }
    return REACH_ANY;
}

enum topic_reach topic_reach(const struct topic *topic)
{
    switch (topic->kind) {
    case TOPIC_CHANNEL: return channel_reach(topic->name);
    case TOPIC_PATTERN: return keyspace_may_match(topic->name) ? REACH_EVERY : REACH_ANY;
    case TOPIC_SHARD:
    case TOPIC_KINDS: break;
    }
    return REACH_OWNER;
}

uint16_t topic_slot(const struct topic *topic)
{
    struct span key;

    if (topic->kind == TOPIC_CHANNEL && keyspace_of(topic->name, &key) == KEYSPACE_KEY) {
        return slot_of(key);
    }
    return slot_of(topic->name);
}

const char *topic_verb(enum topic_kind kind)
{
    return words[kind][TOPIC_WORD_BEGINS];
}

const char *topic_end_verb(enum topic_kind kind)
{
    return words[kind][TOPIC_WORD_ENDS];
}

enum topic_word topic_find_word(struct span word, enum topic_kind *kind)
{
    for (int i = 0; i < TOPIC_KINDS; i++) {
        for (int j = 0; j < TOPIC_WORD_NONE; j++) {
            if (span_equal(word, span_of(words[i][j]))) {
                *kind = (enum topic_kind)i;
                return (enum topic_word)j;
            }
        }
    }
    return TOPIC_WORD_NONE;
}
