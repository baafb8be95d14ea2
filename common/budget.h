/* budget.h - how much memory the blocks of all threads may take together, and how near that is.
 *
 *      0 ............... 70 % ... 80 % ... 90 % ... 100 %
 *      FREE            <──left   TIGHT──>
 *                                        <──left    SPENT──>
 *
 * A level is left further down than it is entered, so that it does not change back and forth. The
 * process has one budget, in which every block counts, and each configured pool has one in which
 * its own count as well. Threads tell what changed in steps (block_publish); any thread may ask for
 * the level, which costs one load. Changes of the level are logged.
 */
#ifndef COMMON_BUDGET_H
#define COMMON_BUDGET_H

#include <stdatomic.h>

#include "common/base.h"

enum budget_level {
    BUDGET_FREE = 0,
    BUDGET_TIGHT, /* those who hold much shall take no more */
    BUDGET_SPENT, /* nothing new is begun, and the largest holders go */
};

/* Without a limit, as when zero, it counts and is always free. */
struct budget {
    const char *pool; /* for the log; NULL: the process */
    _Atomic uint64_t limit;
    _Atomic int64_t used;
    _Atomic int level;
};

extern struct budget budget_of_process;

/* Before the threads that use it start. `pool` stays the caller's; a limit of 0 is none. */
void budget_init(struct budget *budget, const char *pool, uint64_t limit);

/* Any thread: another limit, at once. */
void budget_set_limit(struct budget *budget, uint64_t limit);

static inline uint64_t budget_limit(const struct budget *budget)
{
    return atomic_load_explicit(&budget->limit, memory_order_relaxed);
}

/* What all threads have told they use. */
uint64_t budget_used(const struct budget *budget);

/* How much more may be used; without a limit, all that there is. */
uint64_t budget_left(const struct budget *budget);

/* `by` more or less is in use; 0 just looks at the level again. */
void budget_change(struct budget *budget, int64_t by);

/* The level that follows `level` when `used` of `limit` bytes are in use; a pure function. */
enum budget_level budget_next(enum budget_level level, uint64_t used, uint64_t limit);

static inline enum budget_level budget_level(const struct budget *budget)
{
    return (enum budget_level)atomic_load_explicit(&budget->level, memory_order_relaxed);
}

#endif
