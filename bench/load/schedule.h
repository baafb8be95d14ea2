/* schedule.h - when requests are due in an open loop: so many a second, whatever has come back.
 *
 * A latency that begins when its request was due contains the time that the request could not even
 * be sent. If it began with the sending, a server that stands still would be asked less, and
 * would hide nearly all of its pause ("coordinated omission").
 */
#ifndef BENCH_LOAD_SCHEDULE_H
#define BENCH_LOAD_SCHEDULE_H

#include "common/base.h"

struct schedule {
    uint64_t start; /* by clock_now() */
    uint64_t rate;  /* requests a second; never 0 */
};

/* When request `index`, from 0, is due. */
static inline uint64_t schedule_due(const struct schedule *schedule, uint64_t index)
{
    uint64_t seconds = index / schedule->rate;
    uint64_t rest = index % schedule->rate;

    return schedule->start + seconds * US_PER_SECOND + rest * US_PER_SECOND / schedule->rate;
}

#endif
