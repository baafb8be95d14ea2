/* steps.h - a small histogram whose buckets are powers of two: microseconds, or bytes.
 *
 *      value      0 .. 1     2      3 .. 4     5 .. 8         bucket i has all up to 2 to the i
 *      bucket        0       1         2          3
 *
 * There are many of them, one for each node and kind of command, so they are coarser than
 * histogram.h. A value may stand for several: its weight. One writer, any reader: counts are
 * relaxed atomics. Zero-initialise.
 */
#ifndef PROXY_METRICS_STEPS_H
#define PROXY_METRICS_STEPS_H

#include <stdatomic.h>

#include "common/base.h"

enum {
    STEPS = 36, /* up to a day, or 32 GiB; the last one has all that is more */
};

struct steps {
    _Atomic uint64_t counts[STEPS];
    _Atomic uint64_t sum;
};

/* The same as plain numbers: what readers add up. */
struct steps_total {
    uint64_t counts[STEPS];
    uint64_t sum;
};

/* Which bucket has `value`. */
static inline uint32_t steps_bucket(uint64_t value)
{
    uint32_t bucket = value <= 1 ? 0 : 64 - (uint32_t)__builtin_clzll(value - 1);

    return bucket < STEPS ? bucket : STEPS - 1;
}

/* The most that bucket `index` has. */
static inline uint64_t steps_limit(uint32_t index)
{
    return UINT64_C(1) << index;
}

/* The one writer's thread. */
void steps_record(struct steps *steps, uint64_t value, uint64_t weight);

/* Any thread. Adds what was recorded. */
void steps_add_to(const struct steps *steps, struct steps_total *total);

/* How many values there are, and how many in the buckets up to `index`. */
uint64_t steps_count(const struct steps_total *total);
uint64_t steps_count_up_to(const struct steps_total *total, uint32_t index);

#endif
