#include "proxy/routing/moving.h"

#include <criterion/criterion.h>

#include "common/base.h"

Test(moving, a_mark_is_new_once)
{
    struct moving_slots moving = {0};

    cr_expect_not(moving_has(&moving, 5));
    cr_expect(moving_mark(&moving, 5, 0));
    cr_expect(moving_has(&moving, 5));
    cr_expect_not(moving_mark(&moving, 5, 1));
    cr_expect_not(moving_has(&moving, 6));
    moving_clear(&moving);
    cr_expect_not(moving_has(&moving, 5));
}

Test(moving, a_mark_lasts_until_a_second_after_the_last_word)
{
    struct moving_slots moving = {0};

    moving_mark(&moving, 5, 0);
    cr_expect_eq(moving_expire(&moving, US_PER_SECOND - 1), SLOT_NONE);
    moving_mark(&moving, 5, US_PER_SECOND / 2);
    cr_expect_eq(moving_expire(&moving, US_PER_SECOND), SLOT_NONE);
    cr_expect(moving_has(&moving, 5));
    cr_expect_eq(moving_expire(&moving, US_PER_SECOND * 3 / 2), 5);
    cr_expect_not(moving_has(&moving, 5));
    cr_expect_eq(moving_expire(&moving, US_PER_SECOND * 3 / 2), SLOT_NONE);
    moving_clear(&moving);
}

Test(moving, every_slot_may_move_at_once)
{
    struct moving_slots moving = {0};
    size_t gone = 0;

    for (uint16_t slot = 0; slot < SLOT_COUNT; slot++) {
        cr_assert(moving_mark(&moving, slot, slot % 2 == 0 ? 0 : US_PER_SECOND));
    }
    for (uint16_t slot; (slot = moving_expire(&moving, US_PER_SECOND)) != SLOT_NONE; gone++) {
        cr_assert_eq(slot % 2, 0);
    }
    cr_expect_eq(gone, SLOT_COUNT / 2);
    cr_expect_eq(moving.count, SLOT_COUNT / 2);
    cr_expect(moving_has(&moving, 1));
    cr_expect_not(moving_has(&moving, 2));
    moving_clear(&moving);
}
