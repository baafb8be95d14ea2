#include "proxy/pubsub/topic.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct {
    const char *word;
    enum topic_word expected;
    enum topic_kind kind;
} rows[] = {
    {"subscribe", TOPIC_WORD_BEGINS, TOPIC_CHANNEL},
    {"psubscribe", TOPIC_WORD_BEGINS, TOPIC_PATTERN},
    {"ssubscribe", TOPIC_WORD_BEGINS, TOPIC_SHARD},
    {"unsubscribe", TOPIC_WORD_ENDS, TOPIC_CHANNEL},
    {"punsubscribe", TOPIC_WORD_ENDS, TOPIC_PATTERN},
    {"sunsubscribe", TOPIC_WORD_ENDS, TOPIC_SHARD},
    {"message", TOPIC_WORD_MESSAGE, TOPIC_CHANNEL},
    {"pmessage", TOPIC_WORD_MESSAGE, TOPIC_PATTERN},
    {"smessage", TOPIC_WORD_MESSAGE, TOPIC_SHARD},
    {"pong", TOPIC_WORD_NONE, TOPIC_CHANNEL},
    {"", TOPIC_WORD_NONE, TOPIC_CHANNEL},
};

Test(topic, words_of_nodes_say_of_which_kind_they_are)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum topic_kind kind = TOPIC_CHANNEL;

        cr_expect_eq(topic_find_word(span_of(rows[i].word), &kind), rows[i].expected, "%s",
                     rows[i].word);
        cr_expect_eq(kind, rows[i].kind, "%s", rows[i].word);
    }
}

Test(topic, a_channel_a_pattern_and_a_shards_channel_of_one_name_are_three)
{
    struct topic channel = topic_of(TOPIC_CHANNEL, SPAN("a"));
    struct topic pattern = topic_of(TOPIC_PATTERN, SPAN("a"));
    struct topic shard = topic_of(TOPIC_SHARD, SPAN("a"));
    struct topic other = topic_of(TOPIC_CHANNEL, SPAN("b"));
    struct topic same = topic_keep(&channel);

    cr_expect_not(topic_equal(&channel, &pattern));
    cr_expect_not(topic_equal(&channel, &shard));
    cr_expect_not(topic_equal(&pattern, &shard));
    cr_expect_not(topic_equal(&channel, &other));
    cr_expect(topic_equal(&channel, &same));
    free((char *)same.name.at);
}
