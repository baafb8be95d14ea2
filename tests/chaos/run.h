/* run.h - a whole run: rounds of disturbance and judgement, and the sum of them. Main thread. */
#ifndef TESTS_CHAOS_RUN_H
#define TESTS_CHAOS_RUN_H

#include "tests/chaos/settings.h"

enum run_result {
    RUN_KEPT = 0,     /* the contract was kept */
    RUN_VIOLATED = 1, /* it was not */
    RUN_BROKEN = 2,   /* the cluster or the checker did not work, so nothing is known */
};

enum run_result run(const struct settings *settings);

#endif
