/* finding.h - a call that was answered differently, and how few others it takes to show it again.
 *
 * Main thread.
 */
#ifndef TESTS_DIFFERENTIAL_FINDING_H
#define TESTS_DIFFERENTIAL_FINDING_H

#include "tests/differential/exam.h"

/* What it was found in. */
struct finding {
    const struct sides *sides;
    const struct settings *settings;
    enum protocol protocol;
    uint32_t round;
    const struct exam *exam;
    size_t index; /* of the call */
};

/* Tells all that helps to understand it, on stdout. */
void finding_report(const struct finding *finding);

/* The fewest calls of the finding's stream with which its call is still answered differently; none
 * when that could not be shown again. The caller frees them. Puts how many into *count. */
size_t *finding_shrink(const struct finding *finding, size_t *count);

#endif
