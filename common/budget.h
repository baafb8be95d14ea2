/* budget.h - how much memory the blocks of all threads may take together, and how near that is.
 *
 *      0 ............... 70 % ... 80 % ... 90 % ... 100 %
 *      FREE            <──left   TIGHT──>
 *                                        <──left    SPENT──>
 *
 * A level is left further down than it is entered, so that it does not change back and forth. The
 * process has one budget. Threads tell it what changed in steps (block_publish); any thread may ask
 * for the level, which costs one load. Changes of the level are logged.
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

/* The limit, 0 for none. Before the threads that use it start. */
void budget_set_limit(uint64_t bytes);

/* What may be used, and what all threads have told they use. */
uint64_t budget_limit(void);
uint64_t budget_used(void);

/* `by` more or less is in use; 0 just looks at the level again. */
void budget_change(int64_t by);

/* The level that follows `level` when `used` of `limit` bytes are in use; a pure function. */
enum budget_level budget_next(enum budget_level level, uint64_t used, uint64_t limit);

extern _Atomic int budget_level_now;

static inline enum budget_level budget_level(void)
{
    return (enum budget_level)atomic_load_explicit(&budget_level_now, memory_order_relaxed);
}

#endif
