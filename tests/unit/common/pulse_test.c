#include "common/pulse.h"

#include <criterion/criterion.h>

Test(pulse, is_at_rest_at_first)
{
    struct pulse pulse = {0};

    cr_expect_not(pulse_is_working(pulse_read(&pulse)));
}

/* W for pulse_work, R for pulse_rest, in any order. */
Test(pulse, never_shows_the_same_turn_twice)
{
    static const char steps[] = "WRWWWRRRWRRWWR";
    struct pulse pulse = {0};
    uint64_t before = pulse_read(&pulse);

    for (const char *step = steps; *step != '\0'; step++) {
        (*step == 'W' ? pulse_work : pulse_rest)(&pulse);
        cr_expect_gt(pulse_read(&pulse), before);
        cr_expect_eq(pulse_is_working(pulse_read(&pulse)), *step == 'W');
        before = pulse_read(&pulse);
    }
}
