#include "common/budget.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>

#include "common/log.h"

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

Test(budget, tells_how_much_is_left)
{
    struct budget budget;

    budget_init(&budget, NULL, 100);
    cr_expect_eq(budget_left(&budget), 100);
    budget_change(&budget, 30);
    cr_expect_eq(budget_left(&budget), 70);
    budget_change(&budget, 100);
    cr_expect_eq(budget_left(&budget), 0);
    budget_set_limit(&budget, 0);
    cr_expect_eq(budget_left(&budget), UINT64_MAX);
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

static struct budget shared;
static _Atomic unsigned arrived;
static unsigned wrong; /* rounds that ended with nothing used and another level than FREE */

/* Both threads leave it at the same moment: nobody is woken, unless there is one processor only. */
static void meet(unsigned *meetings)
{
    *meetings += 1;
    arrived++;
    for (unsigned looks = 1; arrived < 2 * *meetings; looks++) {
        if (looks % 4096 == 0) {
            sched_yield();
        }
    }
}

static void *take_and_give_back(void *context)
{
    const int64_t *bytes = context;
    unsigned meetings = 0;

    for (int round = 0; round < 20000; round++) {
        meet(&meetings);
        budget_change(&shared, *bytes);
        meet(&meetings);
        budget_change(&shared, -*bytes);
        meet(&meetings);
        if (*bytes == 300) {
            wrong += budget_level(&shared) != BUDGET_FREE;
        }
    }
    return NULL;
}

Test(budget, is_free_again_when_two_threads_give_back_together, .timeout = 60)
{
    int64_t bytes[] = {300, 700};
    pthread_t threads[ARRAY_LEN(bytes)];

    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    budget_init(&shared, "main", 1000);
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, take_and_give_back, &bytes[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        pthread_join(threads[i], NULL);
    }
    cr_expect_eq(wrong, 0);
}
