#include "bench/load/values.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/memory.h"

Test(values, keys_are_numbers_of_twelve_digits)
{
    static const struct {
        uint64_t number;
        const char *key;
    } rows[] = {
        {0, "key:000000000000"},
        {42, "key:000000000042"},
        {100000, "key:000000100000"},
        {999999999999, "key:999999999999"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char key[KEY_BYTES + 1] = {0};

        key_write(rows[i].number, key);
        cr_expect_str_eq(key, rows[i].key);
    }
}

Test(values, a_value_is_a_function_of_its_number)
{
    struct values one, other;

    values_init(&one, 100);
    values_init(&other, 100);
    for (uint64_t number = 0; number < 3000; number += 7) {
        cr_expect_eq(value_of(&one, number).size, 100);
        cr_expect(span_equal(value_of(&one, number), value_of(&other, number)));
    }
    values_clear(&one);
    values_clear(&other);
}

Test(values, neighbours_differ)
{
    struct values values;

    values_init(&values, 8);
    for (uint64_t number = 0; number < 100000; number++) {
        cr_assert_not(span_equal(value_of(&values, number), value_of(&values, number + 1)));
    }
    values_clear(&values);
}

Test(values, no_two_numbers_of_a_row_begin_at_one_place)
{
    bool *is_taken = memory_new(VALUES_DIFFERENT, sizeof *is_taken);
    struct values values;

    values_init(&values, 1);
    for (uint64_t number = 12345; number < 12345 + VALUES_DIFFERENT; number++) {
        ptrdiff_t place = value_of(&values, number).at - values.pattern->bytes;

        cr_assert_lt(place, VALUES_DIFFERENT);
        cr_assert_not(is_taken[place]);
        is_taken[place] = true;
    }
    values_clear(&values);
    free(is_taken);
}

Test(values, any_size_lies_inside_the_pattern)
{
    static const size_t sizes[] = {1, 32, 16384, 16 * 1024 * 1024};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct values values;

        values_init(&values, sizes[i]);
        for (uint64_t number = 0; number < VALUES_DIFFERENT; number++) {
            struct span value = value_of(&values, number);

            cr_assert_leq(value.at + value.size, block_tail(values.pattern));
        }
        values_clear(&values);
    }
}
