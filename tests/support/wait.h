/* wait.h - waiting for a condition with a deadline: the only way in which tests wait. */
#ifndef TESTS_SUPPORT_WAIT_H
#define TESTS_SUPPORT_WAIT_H

#include "common/base.h"

enum {
    WAIT_MS = 30000, /* far longer than anything takes on a busy machine */
};

/* Milliseconds of the monotonic clock. */
uint64_t wait_now_ms(void);

/* Gives the processor away for a millisecond; between two looks at a condition. */
void wait_a_moment(void);

/* True as soon as `condition` holds, false when it does not within `timeout_ms`. */
#define WAIT_FOR_MS(timeout_ms, condition)                                                         \
    ({                                                                                             \
        uint64_t wait_until_ms = wait_now_ms() + (timeout_ms);                                     \
        bool wait_holds = (condition);                                                             \
        while (!wait_holds && wait_now_ms() < wait_until_ms) {                                     \
            wait_a_moment();                                                                       \
            wait_holds = (condition);                                                              \
        }                                                                                          \
        wait_holds;                                                                                \
    })

#define WAIT_FOR(condition) WAIT_FOR_MS(WAIT_MS, condition)

#endif
