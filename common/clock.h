/* clock.h - monotonic time in microseconds. Any thread. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/base.h"

/* Microseconds since some fixed point; never goes back. A vdso call of some 30 ns: on the data
 * path use reactor_now(), which is read once per loop turn. */
uint64_t clock_now(void);

/* Microseconds since 1970, for logs and for replies that name a time of day. */
uint64_t clock_wall(void);

#endif
