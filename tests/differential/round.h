/* round.h - some thousand commands by chance, from an empty keyspace on. Main thread. */
#ifndef TESTS_DIFFERENTIAL_ROUND_H
#define TESTS_DIFFERENTIAL_ROUND_H

#include "tests/differential/exam.h"

struct round {
    const struct sides *sides;
    const struct settings *settings;
    enum protocol protocol;
    uint32_t number; /* with the seed, it decides what is said */
    unsigned groups; /* that slotway can do */
};

/* True when all answers were the same, or excused. The first one that was not is reported, and ends
 * the round. */
bool round_run(const struct round *round, struct tally *tally);

#endif
