/* guard.h - ends processes that are nobody's children when the test ends, however that comes: those
 * that a program under test has started.
 */
#ifndef TESTS_SUPPORT_GUARD_H
#define TESTS_SUPPORT_GUARD_H

#include <sys/types.h>

#include "tests/support/lifeline.h"

struct guard {
    struct lifeline lifeline;
};

/* From now on all of the process group die with this process. */
struct guard guard_set(pid_t group);

/* They die now; returns when that is done. */
void guard_end(struct guard *guard);

#endif
