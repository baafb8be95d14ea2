#include "common/budget.h"

#include "common/log.h"

struct budget budget_of_process;

static const char *const level_texts[] = {
    [BUDGET_FREE] = "memory is free again",
    [BUDGET_TIGHT] = "memory is tight: clients that hold much are not read from",
    [BUDGET_SPENT] = "memory is spent: new requests are refused",
};

void budget_init(struct budget *budget, const char *pool, uint64_t limit)
{
    *budget = (struct budget){.pool = pool, .limit = limit};
}

/* A thread tells of what it freed perhaps before another has told of what it took. */
uint64_t budget_used(const struct budget *budget)
{
    int64_t used = atomic_load(&budget->used);

    return used > 0 ? (uint64_t)used : 0;
}

uint64_t budget_left(const struct budget *budget)
{
    uint64_t limit = budget_limit(budget);
    uint64_t used = budget_used(budget);

    if (limit == 0) {
        return UINT64_MAX;
    }
    return used < limit ? limit - used : 0;
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

static void budget_tell(const struct budget *budget, int level, int next, uint64_t used)
{
    enum log_level severity = next > level ? LOG_WARN : LOG_INFO;

    if (budget->pool == NULL) {
        LOG_AT(severity, level_texts[next], "used=%llu limit=%llu", (unsigned long long)used,
               (unsigned long long)budget_limit(budget));
    } else {
        LOG_AT(severity, level_texts[next], "pool=%s used=%llu limit=%llu", budget->pool,
               (unsigned long long)used, (unsigned long long)budget_limit(budget));
    }
}

/* Until the level is that of what is used: another thread may have changed either since we looked.
 * The order of the operations matters, so that of two threads the later one sees what the other
 * did. */
void budget_change(struct budget *budget, int64_t by)
{
    bool is_settled = false;

    atomic_fetch_add(&budget->used, by);
    while (!is_settled) {
        int level = atomic_load(&budget->level);
        uint64_t used = budget_used(budget);
        int next = (int)budget_next((enum budget_level)level, used, atomic_load(&budget->limit));

        is_settled = likely(next == level);
        if (!is_settled && atomic_compare_exchange_strong(&budget->level, &level, next)) {
            budget_tell(budget, level, next, used);
        }
    }
}

void budget_set_limit(struct budget *budget, uint64_t limit)
{
    atomic_store(&budget->limit, limit);
    budget_change(budget, 0);
}
