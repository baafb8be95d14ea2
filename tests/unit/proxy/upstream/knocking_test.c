/* How often a node that takes no more connections is asked for one. */
#include "proxy/upstream/knocking.h"

#include <criterion/criterion.h>

#include "common/clock.h"

static struct knocking knocking;

static void open_knocking(void)
{
    knocking = (struct knocking){0};
}

TestSuite(knocking, .init = open_knocking);

static void begin(int times)
{
    for (int i = 0; i < times; i++) {
        knocking_on_begun(&knocking);
    }
}

Test(knocking, where_nothing_fails_all_begin_at_once)
{
    begin(10000);
    cr_expect_not(knocking_is_full(&knocking));
    cr_expect_not(knocking_is_early(&knocking, 0));
}

Test(knocking, waits_longer_from_one_failure_to_the_next)
{
    uint64_t now = US_PER_SECOND;
    uint64_t before = 0;

    for (int i = 0; i < 20; i++) {
        begin(1);
        knocking_on_failed(&knocking, now);
        cr_assert(knocking_is_early(&knocking, now));

        uint64_t pause = knocking.retry_at - now;

        cr_expect(i >= 5 || pause > before);
        cr_expect_leq(pause, US_PER_SECOND);
        before = pause;
        now = knocking.retry_at;
        cr_expect_not(knocking_is_early(&knocking, now));
    }
    cr_expect_gt(before, 300 * US_PER_MS);
}

Test(knocking, those_that_fail_together_are_one_failure)
{
    begin(1000);
    for (int i = 0; i < 1000; i++) {
        knocking_on_failed(&knocking, US_PER_SECOND);
    }
    cr_expect_eq(knocking.failures, 1);
    cr_expect_leq(knocking.retry_at - US_PER_SECOND, 20 * US_PER_MS);
}

Test(knocking, goes_one_at_a_time_and_then_ever_more_at_once)
{
    begin(2);
    knocking_on_failed(&knocking, US_PER_SECOND);
    cr_expect(knocking_is_full(&knocking));
    knocking_on_left(&knocking);
    for (uint32_t allowed = 1; allowed <= 64; allowed *= 2) {
        for (uint32_t i = 0; i < allowed; i++) {
            cr_assert_not(knocking_is_full(&knocking), "%u of %u", i, allowed);
            begin(1);
        }
        cr_assert(knocking_is_full(&knocking), "%u", allowed);
        knocking_on_open(&knocking);
        cr_expect_not(knocking_is_early(&knocking, US_PER_SECOND));
        while (knocking.opening > 0) {
            knocking_on_left(&knocking);
        }
    }
    begin(10000);
    cr_expect_not(knocking_is_full(&knocking));
}
