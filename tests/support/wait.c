#include "tests/support/wait.h"

#include <poll.h>
#include <time.h>

uint64_t wait_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void wait_a_moment(void)
{
    poll(NULL, 0, 1);
}
