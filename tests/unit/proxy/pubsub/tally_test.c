#include "proxy/pubsub/tally.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define HERE  "1111111111111111111111111111111111111111"
#define THERE "2222222222222222222222222222222222222222"

static struct topic channel(const char *name)
{
    return topic_of(TOPIC_CHANNEL, span_of(name));
}

static struct topic pattern(const char *name)
{
    return topic_of(TOPIC_PATTERN, span_of(name));
}

static void expect_count(struct tally_count count, uint64_t clients, uint64_t upstream)
{
    cr_expect_eq(count.clients, clients, "%llu clients", (unsigned long long)count.clients);
    cr_expect_eq(count.upstream, upstream, "%llu upstream", (unsigned long long)count.upstream);
}

Test(tally, counts_clients_and_the_one_upstream)
{
    struct tally *tally = tally_new();
    struct topic a = channel("a");

    cr_expect(tally_is_empty(tally));
    tally_stand(tally, &a, HERE);
    tally_enter(tally, &a);
    tally_enter(tally, &a);
    expect_count(tally_of(tally, &a), 2, 1);
    tally_leave(tally, &a);
    tally_fall(tally, &a, HERE);
    expect_count(tally_of(tally, &a), 1, 0);
    tally_leave(tally, &a);
    cr_expect(tally_is_empty(tally));
    tally_free(&tally);
}

Test(tally, counts_each_node_where_it_stands)
{
    struct tally *tally = tally_new();
    struct topic all = pattern("*");
    struct topic a = channel("a");

    tally_enter(tally, &all);
    tally_stand(tally, &all, HERE);
    tally_stand(tally, &all, THERE);
    expect_count(tally_of(tally, &all), 1, 2);
    expect_count(tally_topics(tally, TOPIC_PATTERN), 1, 2);
    expect_count(tally_receivers(tally, &a, HERE), 1, 1);
    tally_fall(tally, &all, HERE);
    expect_count(tally_receivers(tally, &a, HERE), 1, 0);
    expect_count(tally_receivers(tally, &a, THERE), 1, 1);
    tally_leave(tally, &all);
    cr_expect_not(tally_is_empty(tally));
    tally_fall(tally, &all, THERE);
    cr_expect(tally_is_empty(tally));
    tally_free(&tally);
}

Test(tally, receivers_are_those_of_the_channel_and_of_patterns_that_match)
{
    struct tally *tally = tally_new();
    struct topic topics[] = {channel("news.a"), pattern("news.*"), pattern("*.a"), pattern("x*"),
                             topic_of(TOPIC_SHARD, SPAN("news.a"))};

    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        tally_enter(tally, &topics[i]);
    }
    tally_stand(tally, &topics[0], HERE);
    tally_stand(tally, &topics[1], HERE);
    tally_stand(tally, &topics[2], THERE);
    tally_stand(tally, &topics[3], HERE);
    tally_stand(tally, &topics[4], HERE);
    expect_count(tally_receivers(tally, &topics[0], HERE), 3, 2);
    expect_count(tally_receivers(tally, &topics[0], THERE), 3, 1);
    expect_count(tally_receivers(tally, &topics[4], HERE), 1, 1);
    struct topic nobody = channel("z");
    expect_count(tally_receivers(tally, &nobody, HERE), 0, 0);
    tally_free(&tally);
}

Test(tally, topics_without_clients_are_not_shown)
{
    struct tally *tally = tally_new();
    struct topic topics[] = {channel("a"), channel("b"), pattern("c")};

    tally_enter(tally, &topics[0]);
    tally_stand(tally, &topics[0], HERE);
    tally_stand(tally, &topics[1], HERE);
    tally_enter(tally, &topics[2]);
    expect_count(tally_topics(tally, TOPIC_CHANNEL), 1, 2);
    expect_count(tally_topics(tally, TOPIC_PATTERN), 1, 0);
    tally_free(&tally);
}

static void add_name(void *context, struct span name)
{
    char *text = context;

    sprintf(text + strlen(text), "%.*s ", (int)name.size, name.at);
}

Test(tally, lists_what_has_clients)
{
    struct tally *tally = tally_new();
    struct topic topics[] = {channel("a"), channel("b"), pattern("c"), channel("d")};
    char text[32] = "";

    tally_enter(tally, &topics[0]);
    tally_stand(tally, &topics[1], HERE);
    tally_enter(tally, &topics[2]);
    tally_enter(tally, &topics[3]);
    tally_list(tally, TOPIC_CHANNEL, add_name, text);
    cr_expect_str_eq(text, "a d ");
    tally_free(&tally);
}
