#include "proxy/metrics/steps.h"

#include <criterion/criterion.h>

static const struct {
    uint64_t value;
    uint32_t bucket;
} rows[] = {
    {0, 0},
    {1, 0},
    {2, 1},
    {3, 2},
    {4, 2},
    {5, 3},
    {1024, 10},
    {1025, 11},
    {UINT64_C(1) << (STEPS - 1), STEPS - 1},
    {(UINT64_C(1) << (STEPS - 1)) + 1, STEPS - 1},
    {UINT64_MAX, STEPS - 1},
};

Test(steps, a_value_is_in_the_first_bucket_whose_limit_it_does_not_pass)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t bucket = steps_bucket(rows[i].value);

        cr_expect_eq(bucket, rows[i].bucket, "%llu is in %u", (unsigned long long)rows[i].value,
                     bucket);
    }
}

Test(steps, weights_count_as_so_many_values)
{
    struct steps steps = {0};
    struct steps_total total = {0};

    steps_record(&steps, 10, 1);
    steps_record(&steps, 100, 200);
    steps_add_to(&steps, &total);
    cr_expect_eq(steps_count(&total), 201);
    cr_expect_eq(total.sum, 20010);
    cr_expect_eq(steps_count_up_to(&total, 3), 0);
    cr_expect_eq(steps_count_up_to(&total, 4), 1);
    cr_expect_eq(steps_count_up_to(&total, 7), 201);
}

Test(steps, those_of_several_writers_add_up)
{
    struct steps one = {0};
    struct steps other = {0};
    struct steps_total total = {0};

    steps_record(&one, 5, 2);
    steps_record(&other, 5, 3);
    steps_add_to(&one, &total);
    steps_add_to(&other, &total);
    cr_expect_eq(steps_count(&total), 5);
    cr_expect_eq(total.sum, 25);
}
