/* stopwatch.h - nanoseconds per call of a small piece of work. */
#ifndef BENCH_MICRO_STOPWATCH_H
#define BENCH_MICRO_STOPWATCH_H

#include <stdio.h>
#include <time.h>

#include "common/base.h"

enum {
    STOPWATCH_ROUNDS = 15,
    STOPWATCH_CALLS = 200 * 1000,
};

typedef void stopwatch_work(const void *argument);

static inline double stopwatch_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The fastest of several rounds: what the code costs when nobody else has the core. */
static inline double stopwatch_ns(stopwatch_work *work, const void *argument)
{
    double best = 0;
    for (int round = 0; round < STOPWATCH_ROUNDS; round++) {
        double start = stopwatch_seconds();
        for (int call = 0; call < STOPWATCH_CALLS; call++) {
            work(argument);
        }
        double ns = (stopwatch_seconds() - start) * 1e9 / STOPWATCH_CALLS;
        best = round == 0 || ns < best ? ns : best;
    }
    return best;
}

static inline void stopwatch_print(const char *name, double ns)
{
    printf("%-44s %8.1f ns\n", name, ns);
}

#endif
