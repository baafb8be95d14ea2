/* histogram.h - fixed-size latency histogram: log-linear buckets, 16 per power of two.
 *
 * Values are microseconds; the relative error of a percentile is at most 1/16. Values over the
 * last bucket land in the last bucket. One writer, any reader: counts are relaxed atomics.
 */
#ifndef COMMON_HISTOGRAM_H
#define COMMON_HISTOGRAM_H

#include <stdatomic.h>

#include "common/base.h"

enum {
    HISTOGRAM_BUCKETS = 512,
};

struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum;
};

/*      value      0 .. 15   16 .. 31   32 .. 63   64 .. 127
 *      bucket     0 .. 15   16 .. 31   32 .. 47   48 .. 63
 *      per bucket       1          1          2           4
 */
enum {
    HISTOGRAM_STEP_BITS = 4,
    HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS, /* buckets per power of two */
};

/* Index of the bucket that holds `value`. */
static inline uint32_t histogram_bucket(uint64_t value)
{
    if (value < HISTOGRAM_STEPS) {
        return (uint32_t)value;
    }

    uint32_t shift = 63 - (uint32_t)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
    uint32_t bucket = (shift + 1) * HISTOGRAM_STEPS + (uint32_t)(value >> shift) % HISTOGRAM_STEPS;

    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* Largest value that bucket `index` holds. */
uint64_t histogram_bucket_limit(uint32_t index);

/* The one writer's thread, who knows the bucket of `value`. */
static inline void histogram_record_at(struct histogram *histogram, uint32_t bucket, uint64_t value)
{
    atomic_store_explicit(&histogram->counts[bucket],
                          atomic_load_explicit(&histogram->counts[bucket], memory_order_relaxed) +
                              1,
                          memory_order_relaxed);
    atomic_store_explicit(&histogram->sum,
                          atomic_load_explicit(&histogram->sum, memory_order_relaxed) + value,
                          memory_order_relaxed);
}

/* The one writer's thread. */
static inline void histogram_record(struct histogram *histogram, uint64_t value)
{
    histogram_record_at(histogram, histogram_bucket(value), value);
}

/* Adds the counts of `from` to `to`. */
void histogram_merge(struct histogram *to, const struct histogram *from);

/* Number of values recorded. */
uint64_t histogram_count(const struct histogram *histogram);

/* Number of values in buckets whose limit is at most `value`. */
uint64_t histogram_count_up_to(const struct histogram *histogram, uint64_t value);

/* The value that `percent` (0..100) of all values do not exceed; 0 when empty. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

#endif
