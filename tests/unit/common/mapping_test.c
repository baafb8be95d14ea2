#include "common/mapping.h"

#include <string.h>

#include <criterion/criterion.h>

#include "common/budget.h"

enum { MEGABYTE = 1024 * 1024 };

static void forget_all(void)
{
    mapping_trim();
    cr_assert_eq(mapping_bytes_kept(), 0);
}

TestSuite(mapping, .fini = forget_all);

/* Of that size, and with something in its first page. */
static char *take_new(size_t size)
{
    size_t taken = 0;
    char *memory = mapping_take(size, size, &taken);

    cr_assert_eq(taken, size);
    memory[0] = 'x';
    memory[size - 1] = 'y';
    return memory;
}

/* Keeps one mapping of each size. */
static void keep(const size_t *sizes, size_t count)
{
    char *taken[8];

    cr_assert_leq(count, ARRAY_LEN(taken));
    for (size_t i = 0; i < count; i++) {
        taken[i] = take_new(sizes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        mapping_give(taken[i], sizes[i]);
    }
}

Test(mapping, what_was_given_back_is_taken_again)
{
    size_t taken = 0;
    char *before = take_new(3 * MEGABYTE);

    mapping_give(before, 3 * MEGABYTE);
    cr_expect_eq(mapping_bytes_kept(), 3 * MEGABYTE);
    char *again = mapping_take(2 * MEGABYTE, 3 * MEGABYTE, &taken);
    cr_expect_eq(again, before);
    cr_expect_eq(taken, 3 * MEGABYTE);
    cr_expect_eq(mapping_bytes_kept(), 0);
    mapping_give(again, taken);
}

Test(mapping, of_those_that_are_kept_the_one_that_suits_is_taken)
{
    static const struct {
        size_t least;
        size_t expected;
        size_t taken; /* all in megabytes; 0: a new one */
    } rows[] = {
        {2, 5, 5}, {2, 4, 5},  {5, 0, 5},   {2, 6, 10}, {2, 9, 10},   {2, 11, 20}, {2, 40, 20},
        {4, 3, 5}, {6, 7, 10}, {21, 40, 0}, {2, 2, 3},  {20, 20, 20}, {11, 9, 20}, {20, 90, 20},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        keep((size_t[]){10 * MEGABYTE, 3 * MEGABYTE, 20 * MEGABYTE, 5 * MEGABYTE}, 4);
        size_t least = rows[i].least * MEGABYTE;
        size_t taken = 0;
        void *memory = mapping_take(least, rows[i].expected * MEGABYTE, &taken);
        size_t wanted = rows[i].taken == 0 ? least : rows[i].taken * MEGABYTE;

        cr_expect_eq(taken, wanted, "%zu of %zu MiB: %zu bytes", rows[i].least, rows[i].expected,
                     taken);
        cr_expect_eq(mapping_bytes_kept(), 38 * MEGABYTE - (rows[i].taken == 0 ? 0 : wanted));
        mapping_give(memory, taken);
        mapping_trim();
    }
}

Test(mapping, one_that_is_much_larger_is_left_for_somebody_else)
{
    size_t taken = 0;

    keep((size_t[]){20 * MEGABYTE}, 1);
    void *small = mapping_take(2 * MEGABYTE, 3 * MEGABYTE, &taken);
    cr_expect_eq(taken, 2 * MEGABYTE);
    cr_expect_eq(mapping_bytes_kept(), 20 * MEGABYTE);
    mapping_give(small, taken);
}

Test(mapping, keeps_its_bytes_as_it_grows)
{
    char *memory = take_new(2 * MEGABYTE);

    memory = mapping_grow(memory, 2 * MEGABYTE, 30 * MEGABYTE);
    cr_expect_eq(memory[0], 'x');
    cr_expect_eq(memory[2 * MEGABYTE - 1], 'y');
    memory[30 * MEGABYTE - 1] = 'z';
    mapping_give(memory, 30 * MEGABYTE);
    cr_expect_eq(mapping_bytes_kept(), 30 * MEGABYTE);
}

Test(mapping, no_more_is_kept_than_is_said)
{
    enum { COUNT = MAPPING_KEEP_BYTES / MAPPING_MIN + 2 };
    char *taken[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        taken[i] = take_new(MAPPING_MIN);
    }
    for (size_t i = 0; i < COUNT; i++) {
        mapping_give(taken[i], MAPPING_MIN);
    }
    cr_expect_eq(mapping_bytes_kept(), MAPPING_KEEP_BYTES);
    mapping_trim();
    mapping_give(take_new(MAPPING_KEEP_BYTES + 4096), MAPPING_KEEP_BYTES + 4096);
    cr_expect_eq(mapping_bytes_kept(), 0);
}

Test(mapping, little_is_kept_where_little_memory_may_be_used)
{
    budget_init(&budget_of_process, NULL, 64 * MEGABYTE);
    keep((size_t[]){2 * MEGABYTE, 3 * MEGABYTE, 2 * MEGABYTE}, 3);
    cr_expect_eq(mapping_bytes_kept(), 4 * MEGABYTE);
}

Test(mapping, nothing_is_kept_while_memory_is_short)
{
    budget_init(&budget_of_process, NULL, 100 * MEGABYTE);
    keep((size_t[]){2 * MEGABYTE}, 1);
    budget_change(&budget_of_process, 85 * MEGABYTE);
    cr_assert_eq(budget_level(&budget_of_process), BUDGET_TIGHT);
    mapping_give(take_new(3 * MEGABYTE), 3 * MEGABYTE);
    cr_expect_eq(mapping_bytes_kept(), 2 * MEGABYTE);
    mapping_tidy();
    cr_expect_eq(mapping_bytes_kept(), 0);
}

Test(mapping, tidying_gives_back_what_nobody_needed_from_one_time_to_the_next)
{
    size_t taken = 0;

    keep((size_t[]){2 * MEGABYTE, 3 * MEGABYTE, 8 * MEGABYTE}, 3);
    mapping_tidy();
    cr_expect_eq(mapping_bytes_kept(), 13 * MEGABYTE);
    void *memory = mapping_take(3 * MEGABYTE, 3 * MEGABYTE, &taken);
    mapping_give(memory, taken);
    mapping_tidy();
    cr_expect_eq(mapping_bytes_kept(), 3 * MEGABYTE);
    mapping_tidy();
    cr_expect_eq(mapping_bytes_kept(), 0);
}
