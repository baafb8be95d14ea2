/* When subscribers are reviewed, where the nodes know the users. */
#include "proxy/downstream/hearing.h"

#include <criterion/criterion.h>

enum { CLIENTS = 900, WORKERS_MAX = 16, SECONDS = 3 };

Test(hearing, begins_in_each_of_three_seconds_for_about_as_many)
{
    for (uint64_t workers = 1; workers <= WORKERS_MAX; workers++) {
        uint32_t in_second[SECONDS] = {0};

        for (uint64_t i = 0; i < CLIENTS; i++) {
            uint64_t after = hearing_first(i * workers + 1, 1000) - 1000;

            cr_assert_eq(after % US_PER_SECOND, 0);
            cr_assert_lt(after / US_PER_SECOND, SECONDS);
            in_second[after / US_PER_SECOND]++;
        }
        for (int second = 0; second < SECONDS; second++) {
            cr_expect_gt(in_second[second], CLIENTS / SECONDS / 2, "%d workers", (int)workers);
        }
    }
}
