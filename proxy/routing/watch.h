/* watch.h - what a dispatcher does as time goes by: deadlines, retries, probes, stalled nodes.
 *
 * One tick of WATCH_TICK_US does it all while there is anything to watch, and none when the worker
 * is idle: no timer per request. Lower bounds of deadlines make a tick cost nothing when
 * nothing is due. Worker's thread only.
 */
#ifndef PROXY_ROUTING_WATCH_H
#define PROXY_ROUTING_WATCH_H

#include "proxy/routing/dispatcher.h"

enum { WATCH_TICK_US = 20 * US_PER_MS };

/* There is something to watch from now on. */
static inline void watch_begin(struct dispatcher *dispatcher)
{
    if (unlikely(!reactor_timer_is_running(&dispatcher->tick))) {
        reactor_timer_start(&dispatcher->tick, WATCH_TICK_US);
    }
}

/* One tick. Returns true while there is something to watch. */
bool watch_tick(struct dispatcher *dispatcher);

#endif
