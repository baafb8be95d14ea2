#include "common/events.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

static struct event found[EVENTS_MAX];

TestSuite(events, .init = events_forget);

static void post_numbered(unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        events_post(EVENT_SLOTS, "main", NULL, "event %u", i);
    }
}

Test(events, come_back_in_the_order_in_which_they_were_posted)
{
    events_post(EVENT_NODE_DOWN, "main", "10.0.0.1:7001", "unreachable: %s", "refused");
    events_post(EVENT_START, NULL, NULL, "hello");
    cr_assert_eq(events_copy(0, found, EVENTS_MAX), 2);
    cr_expect_eq(found[0].id, 1);
    cr_expect_eq(found[0].kind, EVENT_NODE_DOWN);
    cr_expect_str_eq(found[0].pool, "main");
    cr_expect_str_eq(found[0].node, "10.0.0.1:7001");
    cr_expect_str_eq(found[0].text, "unreachable: refused");
    cr_expect_gt(found[0].first, 0);
    cr_expect_eq(found[1].kind, EVENT_START);
    cr_expect_str_eq(found[1].pool, "");
}

Test(events, of_which_there_are_too_many_lose_the_oldest)
{
    post_numbered(1, EVENTS_MAX + 10);
    cr_assert_eq(events_copy(0, found, EVENTS_MAX), EVENTS_MAX);
    cr_expect_str_eq(found[0].text, "event 11");
    cr_expect_str_eq(found[EVENTS_MAX - 1].text, "event 266");
}

Test(events, for_little_room_are_the_newest)
{
    post_numbered(1, 10);
    cr_assert_eq(events_copy(0, found, 3), 3);
    cr_expect_str_eq(found[0].text, "event 8");
    cr_expect_str_eq(found[2].text, "event 10");
    cr_expect_eq(events_copy(0, found, 0), 0);
}

Test(events, that_are_known_are_not_told_again)
{
    post_numbered(1, 2);
    uint64_t change = events_change();

    cr_expect_eq(events_copy(change, found, EVENTS_MAX), 0);
    post_numbered(3, 1);
    cr_assert_eq(events_copy(change, found, EVENTS_MAX), 1);
    cr_expect_str_eq(found[0].text, "event 3");
}

Test(events, that_several_threads_notice_are_one)
{
    events_post(EVENT_NODE_DOWN, "main", "a:1", "unreachable");
    events_post(EVENT_NODE_DOWN, "main", "b:1", "unreachable");
    uint64_t change = events_change();

    events_post(EVENT_NODE_DOWN, "main", "a:1", "unreachable");
    events_post(EVENT_NODE_DOWN, "main", "a:1", "unreachable");
    cr_assert_eq(events_copy(change, found, EVENTS_MAX), 1);
    cr_expect_str_eq(found[0].node, "a:1");
    cr_expect_eq(found[0].count, 3);
    cr_expect_eq(found[0].id, 1);
    cr_expect_eq(events_copy(0, found, EVENTS_MAX), 2);
}

Test(events, that_differ_in_anything_are_several)
{
    events_post(EVENT_NODE_DOWN, "main", "a:1", "x");
    events_post(EVENT_NODE_UP, "main", "a:1", "x");
    events_post(EVENT_NODE_DOWN, "other", "a:1", "x");
    events_post(EVENT_NODE_DOWN, "main", "a:2", "x");
    events_post(EVENT_NODE_DOWN, "main", "a:1", "y");
    cr_expect_eq(events_copy(0, found, EVENTS_MAX), 5);
}

/* Far back in the list, nobody would see that it happens again. */
Test(events, that_others_have_pushed_far_back_are_told_anew)
{
    events_post(EVENT_DRAIN, NULL, NULL, "again");
    post_numbered(1, 20);
    events_post(EVENT_DRAIN, NULL, NULL, "again");
    cr_expect_eq(events_copy(0, found, EVENTS_MAX), 22);
}

Test(events, too_long_for_their_place_are_cut)
{
    char text[1000];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    events_post(EVENT_USERS, text, text, "%s", text);
    cr_assert_eq(events_copy(0, found, EVENTS_MAX), 1);
    cr_expect_eq(strlen(found[0].pool), sizeof found[0].pool - 1);
    cr_expect_eq(strlen(found[0].node), sizeof found[0].node - 1);
    cr_expect_eq(strlen(found[0].text), sizeof found[0].text - 1);
}

static void *post_many(void *text)
{
    for (int i = 0; i < 100; i++) {
        events_post(EVENT_DOUBT, NULL, NULL, "%s", (const char *)text);
    }
    return NULL;
}

Test(events, are_posted_by_any_thread)
{
    pthread_t threads[4];
    char *texts[4] = {"a", "b", "c", "d"};
    uint32_t count = 0;

    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, post_many, texts[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    cr_assert_eq(events_copy(0, found, EVENTS_MAX), 4);
    for (size_t i = 0; i < 4; i++) {
        count += found[i].count;
    }
    cr_expect_eq(count, 400);
    cr_expect_eq(events_change(), 400);
}

Test(events, have_names_and_moods)
{
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        cr_expect_gt(strlen(event_kind_name((enum event_kind)kind)), 2);
        cr_expect_gt(strlen(event_mood_name(event_mood((enum event_kind)kind))), 2);
    }
    cr_expect_eq(event_mood(EVENT_NODE_DOWN), EVENT_BAD);
    cr_expect_eq(event_mood(EVENT_NODE_UP), EVENT_GOOD);
}
