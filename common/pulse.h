/* pulse.h - tells others whether a thread that works in turns is inside of one, and in which.
 *
 *      rest, even ──pulse_work──> working, odd ──pulse_rest──> rest, even     never the same twice
 *
 * One writer, the thread itself, for a few nanoseconds a turn; any thread may read. Who sees the
 * same odd number for long sees a thread that is stuck. A thread that waits for something to do
 * rests, however long that is, and nobody need wake it to find out.
 */
#ifndef COMMON_PULSE_H
#define COMMON_PULSE_H

#include <stdatomic.h>

#include "common/base.h"

struct pulse {
    _Atomic uint64_t turn;
};

/* A turn begins, or the one that is on goes forward. */
static inline void pulse_work(struct pulse *pulse)
{
    uint64_t turn = atomic_load_explicit(&pulse->turn, memory_order_relaxed);

    atomic_store_explicit(&pulse->turn, (turn + 1) | 1, memory_order_relaxed);
}

/* From here on there is nothing to do. */
static inline void pulse_rest(struct pulse *pulse)
{
    uint64_t turn = atomic_load_explicit(&pulse->turn, memory_order_relaxed);

    atomic_store_explicit(&pulse->turn, (turn | 1) + 1, memory_order_relaxed);
}

static inline uint64_t pulse_read(const struct pulse *pulse)
{
    return atomic_load_explicit(&pulse->turn, memory_order_relaxed);
}

static inline bool pulse_is_working(uint64_t turn)
{
    return (turn & 1) != 0;
}

#endif
