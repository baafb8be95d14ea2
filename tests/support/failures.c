#include "tests/support/failures.h"

#include <criterion/event.h>
#include <criterion/stats.h>
#include <dlfcn.h>

#include "common/check.h"

typedef void send_assert(struct criterion_assert_stats *stats);

static bool failed;

/* Stands before Criterion's function of this name, which every assertion calls. */
void criterion_send_assert(struct criterion_assert_stats *stats)
{
    static send_assert *next;

    if (next == NULL) {
        next = (send_assert *)dlsym(RTLD_NEXT, "criterion_send_assert");
        CHECK(next != NULL);
    }
    failed |= !stats->passed;
    next(stats);
}

bool test_has_failed(void)
{
    return failed;
}
