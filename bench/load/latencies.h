/* latencies.h - a histogram of latencies with three significant digits.
 *
 *      value      0 .. 2047   2048 .. 4095   4096 .. 8191   ...   up to LATENCY_MAX_US
 *      cells         2048          1024           1024
 *      per cell        1             2              4
 *
 * Values are microseconds. What is over LATENCY_MAX_US is counted as that much; the smallest and
 * the largest value, and the sum, are kept as they are. One thread.
 */
#ifndef BENCH_LOAD_LATENCIES_H
#define BENCH_LOAD_LATENCIES_H

#include "common/base.h"

enum {
    LATENCY_MAX_US = 60 * US_PER_SECOND,
    LATENCY_EXACT_BITS = 11, /* below 2 to this, each value has a cell of its own */
    LATENCY_CELLS = 17408,   /* up to 2 to the 26th, which is over LATENCY_MAX_US */
};

struct latencies {
    uint64_t counts[LATENCY_CELLS];
    uint64_t count;
    uint64_t sum;
    uint64_t least;
    uint64_t most;
};

/* The cell that counts `value`, which is at most LATENCY_MAX_US. */
static inline uint32_t latency_cell(uint64_t value)
{
    enum { EXACT = 1 << LATENCY_EXACT_BITS, HALF = EXACT / 2 };

    if (likely(value < EXACT)) {
        return (uint32_t)value;
    }

    uint32_t shift = 64 - LATENCY_EXACT_BITS - (uint32_t)__builtin_clzll(value);

    return shift * HALF + (uint32_t)(value >> shift);
}

/* The largest value that cell `cell` counts. */
uint64_t latency_cell_limit(uint32_t cell);

/* Counts one value. */
static inline void latencies_record(struct latencies *latencies, uint64_t value)
{
    latencies->counts[latency_cell(value < LATENCY_MAX_US ? value : LATENCY_MAX_US)]++;
    latencies->least = latencies->count == 0 || value < latencies->least ? value : latencies->least;
    latencies->most = value > latencies->most ? value : latencies->most;
    latencies->count++;
    latencies->sum += value;
}

/* The value that `percent` (0..100) of all values do not exceed, to three digits and never more
 * than the largest; 0 when there is none. */
uint64_t latencies_percentile(const struct latencies *latencies, double percent);

/* The mean of all values; 0 when there is none. */
double latencies_mean(const struct latencies *latencies);

#endif
