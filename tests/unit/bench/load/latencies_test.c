#include "bench/load/latencies.h"

#include <criterion/criterion.h>

static struct latencies latencies;

Test(latencies, small_values_have_cells_of_their_own)
{
    for (uint64_t value = 0; value < 2048; value++) {
        cr_expect_eq(latency_cell(value), value);
        cr_expect_eq(latency_cell_limit((uint32_t)value), value);
    }
}

Test(latencies, cells_follow_each_other_without_a_gap)
{
    for (uint32_t cell = 0; cell + 1 < LATENCY_CELLS; cell++) {
        uint64_t limit = latency_cell_limit(cell);

        cr_assert_eq(latency_cell(limit), cell);
        cr_assert_eq(latency_cell(limit + 1), cell + 1);
    }
    cr_expect_geq(latency_cell_limit(LATENCY_CELLS - 1), LATENCY_MAX_US);
}

Test(latencies, three_digits_are_right)
{
    for (uint64_t value = 1; value <= LATENCY_MAX_US; value = value * 65 / 64 + 1) {
        uint64_t limit = latency_cell_limit(latency_cell(value));

        cr_expect_geq(limit, value);
        cr_expect_leq(limit - value, value / 1000);
    }
}

Test(latencies, none_say_nothing)
{
    cr_expect_eq(latencies_percentile(&latencies, 50), 0);
    cr_expect_eq(latencies_percentile(&latencies, 100), 0);
    cr_expect_eq(latencies_mean(&latencies), 0);
}

Test(latencies, percentiles_of_one_to_ten_thousand)
{
    static const struct {
        double percent;
        uint64_t exact;
    } rows[] = {{0, 1},     {0.01, 1},    {1, 100},      {10, 1000},  {50, 5000},
                {90, 9000}, {99.9, 9990}, {99.99, 9999}, {100, 10000}};

    for (uint64_t value = 1; value <= 10000; value++) {
        latencies_record(&latencies, value);
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t told = latencies_percentile(&latencies, rows[i].percent);

        cr_expect_geq(told, rows[i].exact, "p%g is %llu", rows[i].percent,
                      (unsigned long long)told);
        cr_expect_leq(told - rows[i].exact, rows[i].exact / 1000, "p%g is %llu", rows[i].percent,
                      (unsigned long long)told);
    }
    cr_expect_eq(latencies.least, 1);
    cr_expect_eq(latencies.most, 10000);
    cr_expect_eq(latencies_mean(&latencies), 5000.5);
}

Test(latencies, one_of_many_shows_only_at_the_end)
{
    for (int i = 0; i < 999; i++) {
        latencies_record(&latencies, 20);
    }
    latencies_record(&latencies, 5000);
    cr_expect_eq(latencies_percentile(&latencies, 99.9), 20);
    cr_expect_eq(latencies_percentile(&latencies, 99.99), 5000);
}

Test(latencies, zero_counts)
{
    latencies_record(&latencies, 0);
    cr_expect_eq(latencies.count, 1);
    cr_expect_eq(latencies.least, 0);
    cr_expect_eq(latencies_percentile(&latencies, 50), 0);
}

Test(latencies, what_is_too_long_is_in_the_last_cell_and_the_largest_is_exact)
{
    latencies_record(&latencies, 3);
    latencies_record(&latencies, UINT64_MAX / 2);
    cr_expect_eq(latencies.count, 2);
    cr_expect_eq(latencies.counts[latency_cell(LATENCY_MAX_US)], 1);
    cr_expect_eq(latencies.most, UINT64_MAX / 2);
    cr_expect_geq(latencies_percentile(&latencies, 100), LATENCY_MAX_US);
}
