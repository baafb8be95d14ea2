/* Which requests are looked at, and what they stand for. */
#include "proxy/downstream/sampling.h"

#include <criterion/criterion.h>

static struct sampling sampling;
static uint64_t now = US_PER_SECOND;

static void tear_down(void)
{
    sampling_clear(&sampling);
}

TestSuite(sampling, .fini = tear_down);

struct seen {
    uint64_t samples;
    uint64_t weight;
    uint32_t least;
    uint32_t most;
};

/* So many requests, one each `step_us`. */
static struct seen run(uint64_t requests, uint64_t step_us, uint64_t sample)
{
    struct seen seen = {.least = UINT32_MAX};

    for (uint64_t i = 0; i < requests; i++) {
        now += step_us;
        if (sampling_is_due(&sampling)) {
            uint32_t weight = sampling_take(&sampling, now, sample);

            seen.samples += weight > 0;
            seen.weight += weight;
            seen.least = weight < seen.least ? weight : seen.least;
            seen.most = weight > seen.most ? weight : seen.most;
        }
    }
    return seen;
}

Test(sampling, weights_add_up_to_all_requests)
{
    sampling_init(&sampling, now, 100, NULL);

    struct seen seen = run(1000000, 0, 100);

    cr_expect_leq(seen.weight, 1000000);
    cr_expect_gt(seen.weight, 1000000 - 150);
    cr_expect_gt(seen.samples, 9500);
    cr_expect_lt(seen.samples, 10500);
    cr_expect_eq(seen.least, 50, "%u", seen.least);
    cr_expect_eq(seen.most, 150, "%u", seen.most);
}

Test(sampling, of_one_in_one_all_are_looked_at)
{
    sampling_init(&sampling, now, 1, NULL);

    struct seen seen = run(1000, 0, 1);

    cr_expect_eq(seen.samples, 1000);
    cr_expect_eq(seen.weight, 1000);
}

Test(sampling, of_none_none_is)
{
    sampling_init(&sampling, now, 0, NULL);
    cr_expect_eq(run(3000000, 10, 0).samples, 0);
}

/* Ten a second for two seconds are noticed as soon as it has looked. */
Test(sampling, where_there_are_few_each_is_looked_at)
{
    sampling_init(&sampling, now, 1000, NULL);
    now += US_PER_SECOND;
    sampling_look(&sampling, now);

    struct seen seen = run(100, US_PER_SECOND / 10, 1000);

    cr_expect_eq(seen.samples, 100);
    cr_expect_eq(seen.weight, 100);
}

Test(sampling, where_there_are_many_few_more_are_looked_at_for_that)
{
    sampling_init(&sampling, now, 100, NULL);

    struct seen seen = run(1000000, 10, 100); /* ten seconds */

    cr_expect_leq(seen.samples, 10500 + 10 * SAMPLING_EACH + SAMPLING_SAVED);
    cr_expect_geq(seen.samples, 10 * SAMPLING_EACH);
    cr_expect_gt(seen.weight, 1000000 - 150);
}

Test(sampling, a_look_does_not_change_what_samples_stand_for)
{
    uint64_t weight = 0;

    sampling_init(&sampling, now, 1000, NULL);
    for (int i = 0; i < 100; i++) {
        weight += run(377, 1, 1000).weight;
        sampling_look(&sampling, now);
    }
    cr_expect_leq(weight, 37700);
    cr_expect_gt(weight, 37700 - 1500);
}

Test(sampling, another_distance_counts_from_the_next_sample_on)
{
    sampling_init(&sampling, now, 1000, NULL);
    run(1501, 0, 1);

    cr_expect_eq(run(50, 0, 1).samples, 50);
}
