/* run.h - a whole run, from starting the servers to the last words. Main thread. */
#ifndef TESTS_DIFFERENTIAL_RUN_H
#define TESTS_DIFFERENTIAL_RUN_H

#include "tests/differential/settings.h"

/* The exit status of the program. */
enum run_result {
    RUN_SAME = 0,
    RUN_DIFFERENT = 1,
    RUN_BROKEN = 2, /* there was nothing to compare */
};

enum run_result run(const struct settings *settings);

#endif
