#include "common/budget.h"

#include "common/log.h"

static uint64_t limit_bytes;
static _Atomic int64_t used_bytes;
_Atomic int budget_level_now = BUDGET_FREE;

static const char *const level_texts[] = {
    [BUDGET_FREE] = "memory is free again",
    [BUDGET_TIGHT] = "memory is tight: clients that hold much are not read from",
    [BUDGET_SPENT] = "memory is spent: new requests are refused",
};

void budget_set_limit(uint64_t bytes)
{
    limit_bytes = bytes;
}

uint64_t budget_limit(void)
{
    return limit_bytes;
}

/* A thread tells of what it freed perhaps before another has told of what it took. */
uint64_t budget_used(void)
{
    int64_t used = atomic_load_explicit(&used_bytes, memory_order_relaxed);

    return used > 0 ? (uint64_t)used : 0;
}

enum budget_level budget_next(enum budget_level level, uint64_t used, uint64_t limit)
{
    uint64_t tenth = limit / 10;

    if (limit == 0) {
        return BUDGET_FREE;
    }
    if (used >= limit || (level == BUDGET_SPENT && used >= 9 * tenth)) {
        return BUDGET_SPENT;
    }
    if (used >= 8 * tenth || (level != BUDGET_FREE && used >= 7 * tenth)) {
        return BUDGET_TIGHT;
    }
    return BUDGET_FREE;
}

void budget_change(int64_t by)
{
    atomic_fetch_add_explicit(&used_bytes, by, memory_order_relaxed);

    uint64_t used = budget_used();
    int level = atomic_load_explicit(&budget_level_now, memory_order_relaxed);
    int next = (int)budget_next((enum budget_level)level, used, limit_bytes);

    if (likely(next == level) || !atomic_compare_exchange_strong(&budget_level_now, &level, next)) {
        return;
    }
    if (next > level) {
        log_warn(level_texts[next], "used=%llu limit=%llu", (unsigned long long)used,
                 (unsigned long long)limit_bytes);
    } else {
        log_info(level_texts[next], "used=%llu limit=%llu", (unsigned long long)used,
                 (unsigned long long)limit_bytes);
    }
}
