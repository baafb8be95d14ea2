/* raw.h - what both sides say to bytes that are no request, up to where they close. Main thread. */
#ifndef TESTS_DIFFERENTIAL_RAW_H
#define TESTS_DIFFERENTIAL_RAW_H

#include "tests/differential/sides.h"

/* Says the rows of raw.def, each on a connection of its own, and tells what was answered
 * differently; returns how many that were. */
uint64_t raw_compare(const struct sides *sides);

#endif
