#include "proxy/pubsub/topic.h"

#include "common/memory.h"

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
