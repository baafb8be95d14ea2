#include "common/clock.h"

#include <time.h>

static uint64_t clock_read(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * US_PER_SECOND + (uint64_t)time.tv_nsec / 1000;
}

uint64_t clock_now(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_wall(void)
{
    return clock_read(CLOCK_REALTIME);
}
