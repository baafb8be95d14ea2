#include "proxy/pubsub/keyspace.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct {
    const char *channel;
    enum keyspace_kind kind;
    const char *rest;
} rows[] = {
    {"__keyspace@0__:k", KEYSPACE_KEY, "k"},
    {"__keyspace@0__:a:b", KEYSPACE_KEY, "a:b"},
    {"__keyspace@15__:", KEYSPACE_KEY, ""},
    {"__keyevent@0__:del", KEYSPACE_EVENT, "del"},
    {"__keyevent@0__:", KEYSPACE_EVENT, ""},
    {"__keyevent@0__", KEYSPACE_NONE, "untouched"},
    {"__keyevent@0", KEYSPACE_NONE, "untouched"},
    {"__keyevent@", KEYSPACE_NONE, "untouched"},
    {"__keyevent@__:del", KEYSPACE_NONE, "untouched"},
    {"__keyevent@-1__:del", KEYSPACE_NONE, "untouched"},
    {"__keyevent@0:del", KEYSPACE_NONE, "untouched"},
    {"__KEYEVENT@0__:del", KEYSPACE_NONE, "untouched"},
    {" __keyevent@0__:del", KEYSPACE_NONE, "untouched"},
    {"news", KEYSPACE_NONE, "untouched"},
    {"", KEYSPACE_NONE, "untouched"},
};

Test(keyspace, channels_of_events_are_known_by_their_beginning)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct span rest = SPAN("untouched");

        cr_expect_eq(keyspace_of(span_of(rows[i].channel), &rest), rows[i].kind, "%s",
                     rows[i].channel);
        cr_expect(span_equal(rest, span_of(rows[i].rest)), "%s", rows[i].channel);
    }
}

/* Of every pattern that matches a channel of events it is said that it may. */
Test(keyspace, no_pattern_that_matches_is_missed)
{
    static const char channel[] = "__keyspace@0__:k";
    static const char *const ends[] = {"*", "?*", "[^x]*", "[_-z]*", "\\_*", ""};
    size_t matches = 0;

    for (int at = 0; at < (int)sizeof channel; at++) {
        for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
            char pattern[64];

            snprintf(pattern, sizeof pattern, "%.*s%s", at, channel, ends[i]);
            if (span_glob(span_of(pattern), span_of(channel))) {
                cr_expect(keyspace_may_match(span_of(pattern)), "%s", pattern);
                matches++;
            }
        }
    }
    cr_expect_gt(matches, 40);
}

static const char *const others[] = {"x*", "__keyspacer*", "__keyspace-*", "__keys:*", "n", "__r?"};

Test(keyspace, patterns_that_begin_otherwise_match_no_event)
{
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        cr_expect_not(keyspace_may_match(span_of(others[i])), "%s", others[i]);
    }
}
