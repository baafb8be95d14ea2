#include "config/memory_size.h"

#include <criterion/criterion.h>

Test(memory_size, reads_what_a_control_group_grants)
{
    static const struct {
        const char *text;
        uint64_t granted;
    } rows[] = {
        {"max\n", 0},
        {"67108864\n", 67108864},
        {"67108864", 67108864},
        {"", 0},
        {"\n", 0},
        {"0\n", 0},
        {"-1\n", 0},
        {"64m\n", 0},
        {"1 2\n", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(memory_granted(span_of(rows[i].text)), rows[i].granted, "%s", rows[i].text);
    }
}

Test(memory_size, is_that_of_a_machine)
{
    cr_expect_geq(memory_size(), 16 * 1024 * 1024);
}
