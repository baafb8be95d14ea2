#include "common/histogram.h"

#include "common/check.h"

static uint64_t count_in(const struct histogram *histogram, uint32_t bucket)
{
    return atomic_load_explicit(&histogram->counts[bucket], memory_order_relaxed);
}

uint64_t histogram_bucket_limit(uint32_t index)
{
    CHECK(index < HISTOGRAM_BUCKETS);
    if (index < HISTOGRAM_STEPS) {
        return index;
    }

    uint32_t shift = index / HISTOGRAM_STEPS - 1;

    return ((uint64_t)(HISTOGRAM_STEPS + index % HISTOGRAM_STEPS + 1) << shift) - 1;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t count = count_in(to, i) + count_in(from, i);

        atomic_store_explicit(&to->counts[i], count, memory_order_relaxed);
    }

    uint64_t sum = atomic_load_explicit(&to->sum, memory_order_relaxed) +
                   atomic_load_explicit(&from->sum, memory_order_relaxed);

    atomic_store_explicit(&to->sum, sum, memory_order_relaxed);
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += count_in(histogram, i);
    }
    return count;
}

uint64_t histogram_count_up_to(const struct histogram *histogram, uint64_t value)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && histogram_bucket_limit(i) <= value; i++) {
        count += count_in(histogram, i);
    }
    return count;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    CHECK(percent >= 0 && percent <= 100);

    double wanted = (double)histogram_count(histogram) * percent / 100;
    uint64_t seen = 0;
    uint64_t last = 0;

    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t count = count_in(histogram, i);

        if (count == 0) {
            continue;
        }
        seen += count;
        last = histogram_bucket_limit(i);
        if ((double)seen >= wanted) {
            return last;
        }
    }
    return last;
}
