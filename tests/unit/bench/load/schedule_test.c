#include "bench/load/schedule.h"

#include <criterion/criterion.h>

Test(schedule, requests_are_due_at_equal_distances)
{
    static const struct {
        uint64_t rate;
        uint64_t index;
        uint64_t due;
    } rows[] = {
        {1, 0, 1000},       {1, 1, 1001000},
        {1000, 1, 2000},    {1000, 2500, 2501000},
        {3, 1, 334333},     {3, 2, 667666},
        {3, 3, 1001000}, /* what is lost in dividing does not add up */
        {3000000, 3, 1001}, {10000000, 999999999999, 1000 + 99999999999},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct schedule schedule = {.start = 1000, .rate = rows[i].rate};

        cr_expect_eq(schedule_due(&schedule, rows[i].index), rows[i].due, "row %zu: %llu", i,
                     (unsigned long long)schedule_due(&schedule, rows[i].index));
    }
}

Test(schedule, nothing_that_comes_back_or_does_not_changes_it)
{
    struct schedule schedule = {.start = 0, .rate = 7};
    uint64_t last = 0;

    for (uint64_t i = 1; i <= 7000; i++) {
        uint64_t due = schedule_due(&schedule, i);

        cr_expect_geq(due - last, US_PER_SECOND / 7);
        cr_expect_leq(due - last, US_PER_SECOND / 7 + 1);
        last = due;
    }
    cr_expect_eq(last, 1000 * (uint64_t)US_PER_SECOND);
}
