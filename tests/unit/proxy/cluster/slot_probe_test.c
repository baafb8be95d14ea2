#include "proxy/cluster/slot_probe.h"

#include <criterion/criterion.h>

Test(slot_probe, is_of_its_slot)
{
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        char text[SLOT_PROBE_MAX];
        struct span probe = slot_probe((uint16_t)slot, text);

        cr_assert_eq(slot_of(probe), slot);
        cr_assert_lt(probe.size, SLOT_PROBE_MAX);
    }
}

Test(slot_probe, is_the_same_each_time)
{
    char first[SLOT_PROBE_MAX];
    char again[SLOT_PROBE_MAX];

    cr_expect(span_equal(slot_probe(5, first), slot_probe(5, again)));
    cr_expect_not(span_equal(slot_probe(5, first), slot_probe(6, again)));
}
