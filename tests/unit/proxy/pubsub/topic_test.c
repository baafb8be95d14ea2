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

static const struct {
    enum topic_kind kind;
    const char *name;
    enum topic_reach reach;
    const char *slot_of; /* NULL: of the name */
} places[] = {
    {TOPIC_CHANNEL, "news", REACH_ANY, NULL},
    {TOPIC_CHANNEL, "{a}news", REACH_ANY, "a"},
    {TOPIC_CHANNEL, "__key", REACH_ANY, NULL},
    {TOPIC_CHANNEL, "__keyspace@", REACH_ANY, NULL},
    {TOPIC_CHANNEL, "__keyspace@0__", REACH_ANY, NULL},
    {TOPIC_CHANNEL, "__keyspace@x__:k", REACH_ANY, NULL},
    {TOPIC_CHANNEL, "__keyspace@__:k", REACH_ANY, NULL},
    {TOPIC_CHANNEL, "x__keyspace@0__:k", REACH_ANY, NULL},
    {TOPIC_CHANNEL, "__keyspace@0__:k", REACH_OWNER, "k"},
    {TOPIC_CHANNEL, "__keyspace@0__:", REACH_OWNER, ""},
    {TOPIC_CHANNEL, "__keyspace@0__:a:b", REACH_OWNER, "a:b"},
    {TOPIC_CHANNEL, "__keyspace@0__:x{t}y", REACH_OWNER, "t"},
    {TOPIC_CHANNEL, "__keyspace@12__:k", REACH_OWNER, "k"},
    {TOPIC_CHANNEL, "__keyspace@0__:*", REACH_OWNER, "*"},
    {TOPIC_CHANNEL, "__keyevent@0__:del", REACH_EVERY, NULL},
    {TOPIC_CHANNEL, "__keyevent@0__:", REACH_EVERY, NULL},
    {TOPIC_SHARD, "s", REACH_OWNER, NULL},
    {TOPIC_SHARD, "__keyspace@0__:k", REACH_OWNER, NULL},
    {TOPIC_SHARD, "__keyevent@0__:del", REACH_OWNER, NULL},
    {TOPIC_PATTERN, "news*", REACH_ANY, NULL},
    {TOPIC_PATTERN, "__redis__:*", REACH_ANY, NULL},
    {TOPIC_PATTERN, "__keyboard*", REACH_ANY, NULL},
    {TOPIC_PATTERN, "*", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "?_keyspace*", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "[_]*", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "\\_*", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "_*", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "__key*", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "__keyspace@0__:k", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "__keyspace@0__:k*", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "__keyevent@*__:expired", REACH_EVERY, NULL},
    {TOPIC_PATTERN, "__key[es]*@0__:*", REACH_EVERY, NULL},
};

Test(topic, reach_is_where_its_messages_can_be_heard)
{
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct topic topic = topic_of(places[i].kind, span_of(places[i].name));
        const char *slot = places[i].slot_of == NULL ? places[i].name : places[i].slot_of;

        cr_expect_eq(topic_reach(&topic), places[i].reach, "%s", places[i].name);
        cr_expect_eq(topic_slot(&topic), slot_of(span_of(slot)), "%s", places[i].name);
    }
}
