#include "common/budget.h"

#include <criterion/criterion.h>

Test(budget, has_levels_that_are_left_further_down_than_they_are_entered)
{
    static const struct {
        enum budget_level level;
        uint64_t used;
        enum budget_level next;
    } rows[] = {
        {BUDGET_FREE, 0, BUDGET_FREE},     {BUDGET_FREE, 799, BUDGET_FREE},
        {BUDGET_FREE, 800, BUDGET_TIGHT},  {BUDGET_FREE, 999, BUDGET_TIGHT},
        {BUDGET_FREE, 1000, BUDGET_SPENT}, {BUDGET_FREE, UINT64_MAX, BUDGET_SPENT},
        {BUDGET_TIGHT, 999, BUDGET_TIGHT}, {BUDGET_TIGHT, 700, BUDGET_TIGHT},
        {BUDGET_TIGHT, 699, BUDGET_FREE},  {BUDGET_TIGHT, 1000, BUDGET_SPENT},
        {BUDGET_SPENT, 900, BUDGET_SPENT}, {BUDGET_SPENT, 899, BUDGET_TIGHT},
        {BUDGET_SPENT, 700, BUDGET_TIGHT}, {BUDGET_SPENT, 699, BUDGET_FREE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(budget_next(rows[i].level, rows[i].used, 1000), rows[i].next,
                     "level %d with %llu of 1000 used", rows[i].level,
                     (unsigned long long)rows[i].used);
    }
}

Test(budget, without_a_limit_is_always_free)
{
    cr_expect_eq(budget_next(BUDGET_FREE, UINT64_MAX, 0), BUDGET_FREE);
    cr_expect_eq(budget_next(BUDGET_SPENT, UINT64_MAX, 0), BUDGET_FREE);
}

Test(budget, follows_what_threads_tell)
{
    struct budget budget;

    budget_init(&budget, "main", 1000);
    budget_change(&budget, 500);
    cr_expect_eq(budget_level(&budget), BUDGET_FREE);
    budget_change(&budget, 500);
    cr_expect_eq(budget_level(&budget), BUDGET_SPENT);
    cr_expect_eq(budget_used(&budget), 1000);
    budget_change(&budget, -150);
    cr_expect_eq(budget_level(&budget), BUDGET_TIGHT);
    budget_change(&budget, -850);
    cr_expect_eq(budget_level(&budget), BUDGET_FREE);
    budget_change(&budget, -10);
    cr_expect_eq(budget_used(&budget), 0, "one thread freed before another told");
}
