#include "common/histogram.h"

#include <criterion/criterion.h>

static struct histogram histogram;

Test(histogram, small_values_have_buckets_of_their_own)
{
    for (uint64_t value = 0; value < 32; value++) {
        cr_expect_eq(histogram_bucket(value), value);
        cr_expect_eq(histogram_bucket_limit((uint32_t)value), value);
    }
}

Test(histogram, limit_is_the_last_value_of_its_bucket)
{
    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        uint64_t limit = histogram_bucket_limit(bucket);

        cr_expect_eq(histogram_bucket(limit), bucket);
        if (bucket + 1 < HISTOGRAM_BUCKETS) {
            cr_expect_eq(histogram_bucket(limit + 1), bucket + 1);
        }
    }
}

Test(histogram, limit_is_at_most_a_sixteenth_too_large)
{
    for (uint64_t value = 1; value < 1ULL << 34; value = value * 9 / 8 + 1) {
        uint64_t limit = histogram_bucket_limit(histogram_bucket(value));

        cr_expect_geq(limit, value);
        cr_expect_leq(limit - value, value / 16);
    }
}

Test(histogram, huge_values_land_in_the_last_bucket)
{
    cr_expect_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    cr_expect_eq(histogram_bucket(1ULL << 35), HISTOGRAM_BUCKETS - 1);
}

Test(histogram, empty_has_nothing_to_say)
{
    cr_expect_eq(histogram_count(&histogram), 0);
    cr_expect_eq(histogram_percentile(&histogram, 99), 0);
    cr_expect_eq(histogram_count_up_to(&histogram, UINT64_MAX), 0);
}

Test(histogram, percentiles_of_one_to_a_thousand)
{
    static const struct {
        double percent;
        uint64_t exact;
    } rows[] = {{0, 1}, {0.1, 1}, {1, 10}, {50, 500}, {99, 990}, {99.9, 999}, {100, 1000}};

    for (uint64_t value = 1; value <= 1000; value++) {
        histogram_record(&histogram, value);
    }
    cr_expect_eq(histogram_count(&histogram), 1000);
    cr_expect_eq(histogram.sum, 500500);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(histogram_percentile(&histogram, rows[i].percent),
                     histogram_bucket_limit(histogram_bucket(rows[i].exact)), "at %g %%",
                     rows[i].percent);
    }
}

Test(histogram, count_up_to_leaves_out_buckets_that_reach_beyond)
{
    histogram_record(&histogram, 10);
    histogram_record(&histogram, 100);
    histogram_record(&histogram, 1000);
    cr_expect_eq(histogram_count_up_to(&histogram, 9), 0);
    cr_expect_eq(histogram_count_up_to(&histogram, 10), 1);
    cr_expect_eq(histogram_count_up_to(&histogram, 102), 1);
    cr_expect_eq(histogram_count_up_to(&histogram, 103), 2);
    cr_expect_eq(histogram_count_up_to(&histogram, UINT64_MAX), 3);
}

Test(histogram, merge_adds)
{
    static struct histogram other;

    histogram_record(&histogram, 5);
    histogram_record(&other, 5);
    histogram_record(&other, 7);
    histogram_merge(&histogram, &other);
    cr_expect_eq(histogram_count(&histogram), 3);
    cr_expect_eq(histogram.sum, 17);
    cr_expect_eq(histogram_count_up_to(&histogram, 5), 2);
    cr_expect_eq(histogram_count(&other), 2);
}
