/* Hot keys, big keys and slots over time and over workers. */
#include "proxy/metrics/heat.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { WORKERS = 2, MOST = 10 };

static const uint64_t start = 10 * HEAT_WINDOW_US;

static struct heat *heats[WORKERS + 1]; /* the last place stays empty */
static struct heat_view *view;

static void set_up(void)
{
    for (size_t i = 0; i < WORKERS; i++) {
        heats[i] = heat_new(start);
    }
}

static void tear_down(void)
{
    if (view != NULL) {
        heat_view_free(&view);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        heat_free(&heats[i]);
    }
}

TestSuite(heat, .init = set_up, .fini = tear_down);

static void note(size_t worker, uint64_t now, uint64_t hash, uint64_t weight)
{
    struct key_use use = {.hash = hash, .weight = weight, .slot = (uint16_t)hash};

    heat_note(heats[worker], now, weight, &use, 1);
}

static const struct heat_view *look(uint64_t now)
{
    if (view != NULL) {
        heat_view_free(&view);
    }
    view = heat_read(heats, ARRAY_LEN(heats), now, MOST);
    return view;
}

Test(heat, what_workers_saw_is_put_together)
{
    note(0, start, 5, 10);
    note(1, start, 5, 20);
    note(1, start, 6, 1);
    look(start + US_PER_SECOND);
    cr_expect_eq(view->requests, 31);
    cr_expect_eq(view->since_us, US_PER_SECOND);
    cr_assert_eq(view->key_count, 2);
    cr_expect_eq(view->keys[0].hash, 5);
    cr_expect_eq(view->keys[0].key.count, 30);
    cr_expect_eq(view->slots[5], 30);
    cr_expect_eq(view->slots[6], 1);
}

Test(heat, what_is_two_windows_old_is_told_no_more)
{
    uint64_t next = start + HEAT_WINDOW_US;

    note(0, start, 5, 10);
    note(0, next, 6, 1);
    look(next + US_PER_SECOND);
    cr_expect_eq(view->requests, 11);
    cr_expect_eq(view->since_us, HEAT_WINDOW_US + US_PER_SECOND);
    look(next + HEAT_WINDOW_US);
    cr_expect_eq(view->requests, 1);
    cr_expect_eq(view->slots[5], 0);
    cr_expect_eq(view->slots[6], 1);
    cr_expect_eq(view->since_us, HEAT_WINDOW_US);
}

/* Nobody wrote to the old ones meanwhile. */
Test(heat, after_a_long_silence_nothing_old_comes_back)
{
    note(0, start, 5, 10);
    cr_expect_eq(look(start + 7 * HEAT_WINDOW_US)->requests, 0);
    note(0, start + 8 * HEAT_WINDOW_US, 6, 3);
    look(start + 8 * HEAT_WINDOW_US);
    cr_expect_eq(view->requests, 3);
    cr_expect_eq(view->key_count, 1);
    cr_expect_eq(view->slots[5], 0);
}

Test(heat, a_request_counts_once_in_each_slot_and_once_for_each_key)
{
    struct key_use uses[] = {
        {.hash = 1, .weight = 2, .slot = 7},
        {.hash = 2, .weight = 2, .slot = 8},
        {.hash = 3, .weight = 2, .slot = 7},
    };

    heat_note(heats[0], start, 2, uses, ARRAY_LEN(uses));
    heat_note(heats[0], start, 2, NULL, 0);
    look(start);
    cr_expect_eq(view->requests, 4);
    cr_expect_eq(view->key_count, 3);
    cr_expect_eq(view->slots[7], 2);
    cr_expect_eq(view->slots[8], 2);
}

static void note_big(size_t worker, uint64_t now, uint64_t hash, uint64_t request, uint64_t reply)
{
    heat_note_big(heats[worker], &(struct big_use){
                                     .now = now,
                                     .hash = hash,
                                     .request_bytes = request,
                                     .reply_bytes = reply,
                                     .command = "get",
                                 });
}

Test(heat, of_a_big_key_the_largest_is_told)
{
    note_big(0, start, 1, 5000, 10);
    note_big(0, start, 1, 10, 4000);
    note_big(1, start, 2, 10, 6000);
    note_big(1, start, 1, 7000, 10);
    look(start);
    cr_assert_eq(view->big_key_count, 2);
    cr_expect_eq(view->big_keys[0].hash, 1);
    cr_expect_eq(view->big_keys[0].bytes, 7000);
    cr_expect(!view->big_keys[0].is_reply);
    cr_expect_eq(view->big_keys[1].hash, 2);
    cr_expect(view->big_keys[1].is_reply);
}

Test(heat, larger_keys_take_the_places_of_smaller_ones)
{
    for (uint64_t i = 1; i <= 3 * BIG_KEYS; i++) {
        note_big(0, start, i, 2000 + (i * 37) % (3 * BIG_KEYS), 0);
    }
    look(start);
    cr_assert_eq(view->big_key_count, MOST);
    for (size_t i = 0; i < MOST; i++) {
        cr_expect_eq(view->big_keys[i].bytes, 2000 + 3 * BIG_KEYS - 1 - i);
    }
    cr_expect(!heat_wants_big(heats[0], 2000));
    cr_expect(heat_wants_big(heats[0], 3000));
    cr_expect(heat_wants_big(heats[1], 2000));
    cr_expect(!heat_wants_big(heats[1], BIG_KEYS_LEAST - 1));
}

Test(heat, a_big_key_that_was_not_seen_for_an_hour_makes_way)
{
    uint64_t later = start + BIG_KEYS_STAY_US + HEAT_WINDOW_US;

    for (uint64_t i = 1; i <= BIG_KEYS; i++) {
        note_big(0, start, i, 1000000, 0);
    }
    cr_expect(!heat_wants_big(heats[0], 2000));
    cr_expect_eq(look(later)->big_key_count, 0);
    note(0, later, 5, 1);
    cr_expect(heat_wants_big(heats[0], 2000));
    note_big(0, later, 7, 2000, 0);
    look(later);
    cr_assert_eq(view->big_key_count, 1);
    cr_expect_eq(view->big_keys[0].hash, 7);
    cr_expect_eq(view->big_keys[0].bytes, 2000);
}
