#include "proxy/metrics/steps.h"

#include "common/check.h"

static void add(_Atomic uint64_t *to, uint64_t by)
{
    uint64_t before = atomic_load_explicit(to, memory_order_relaxed);

    atomic_store_explicit(to, before + by, memory_order_relaxed);
}

void steps_record(struct steps *steps, uint64_t value, uint64_t weight)
{
    add(&steps->counts[steps_bucket(value)], weight);
    add(&steps->sum, value * weight);
}

void steps_add_to(const struct steps *steps, struct steps_total *total)
{
    for (uint32_t i = 0; i < STEPS; i++) {
        total->counts[i] += atomic_load_explicit(&steps->counts[i], memory_order_relaxed);
    }
    total->sum += atomic_load_explicit(&steps->sum, memory_order_relaxed);
}

uint64_t steps_count_up_to(const struct steps_total *total, uint32_t index)
{
    uint64_t count = 0;

    CHECK(index < STEPS);
    for (uint32_t i = 0; i <= index; i++) {
        count += total->counts[i];
    }
    return count;
}

uint64_t steps_count(const struct steps_total *total)
{
    return steps_count_up_to(total, STEPS - 1);
}
