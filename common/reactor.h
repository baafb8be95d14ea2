/* reactor.h - one thread's libev loop, with what libev leaves open:
 *
 *      wait ─> now = clock ─> callbacks of ready sockets and timers ─> flush tasks ─> bury tasks ─┐
 *       ^                     (read, scan, route, append; no writes)   (one writev     (free what │
 *       |                                                               per socket)     is dead)  │
 *       └─────────────────────────────────────────────────────────────────────────────────────────┘
 *
 * Flush tasks may ask for more flush tasks: they run in the same turn. Those by which others get
 * something to do come first: nodes work on requests while replies are written, and what they
 * answer meanwhile is part of the next turn and not of one of its own. Nothing is freed inside
 * somebody's callback: what dies asks to be buried, and is freed when no caller can look at it.
 * All functions but reactor_new/free belong to the thread that runs the loop.
 */
#ifndef COMMON_REACTOR_H
#define COMMON_REACTOR_H

#include <ev.h>

#include "common/list.h"
#include "common/pulse.h"

enum {
    REACTOR_LONG_TURN_US = 100 * US_PER_MS, /* everybody on this loop has waited so long */
};

/* Embed one per purpose; on no list unless asked for. */
struct turn_task {
    struct list_link link;
    void (*run)(struct turn_task *task);
};

struct reactor_timer {
    ev_timer timer;
    struct reactor *reactor;
    void (*expired)(struct reactor_timer *timer);
    uint64_t due;
    bool had_grace; /* it was late once already */
};

/* How the loop is doing. Its thread writes, any may read. */
struct reactor_figures {
    _Atomic uint64_t busy_us; /* in turns, not waiting */
    _Atomic uint64_t long_turns;
    _Atomic uint64_t long_us; /* in those */
};

struct reactor {
    struct ev_loop *loop;
    uint64_t now; /* clock_now() when this turn began */
    struct pulse pulse;
    struct reactor_figures figures;
    struct list flush_first;
    struct list flush;
    struct list bury;
    struct list next;
    ev_idle idle; /* runs while there are tasks for the next turn */
    ev_prepare prepare;
    ev_check check;
};

struct reactor *reactor_new(void) MUST_USE;
void reactor_free(struct reactor **reactor);

/* Runs turns until reactor_stop(); the caller's thread owns the reactor from here on. */
void reactor_run(struct reactor *reactor);

/* Ends reactor_run() after this turn. The reactor's thread; others post a message. */
void reactor_stop(struct reactor *reactor);

static inline uint64_t reactor_now(const struct reactor *reactor)
{
    return reactor->now;
}

/* Runs `task` once at the end of this turn; asking twice is asking once. */
static inline void reactor_flush_later(struct reactor *reactor, struct turn_task *task)
{
    if (!list_link_is_on(&task->link)) {
        list_append(&reactor->flush, &task->link);
    }
}

/* The same, before all that were asked for in the other way; at the end of the turn, when these run
 * already, after them. */
static inline void reactor_flush_first(struct reactor *reactor, struct turn_task *task)
{
    if (!list_link_is_on(&task->link)) {
        list_append(&reactor->flush_first, &task->link);
    }
}

/* Runs `task` once in the next turn, which waits for nothing: for those who have something to go on
 * with that no socket will tell of, and have had their share of this turn. */
void reactor_next_turn(struct reactor *reactor, struct turn_task *task);

/* Takes a task off the list that it is on, if it is on any. */
void reactor_forget(struct turn_task *task);

/* Runs `task` after all flush tasks of this turn: the place to free memory. Takes the task off
 * the flush list if it was there. */
void reactor_bury(struct reactor *reactor, struct turn_task *task);

/* A timer that is stopped. `expired` is called in the reactor's thread. */
void reactor_timer_init(struct reactor_timer *timer, struct reactor *reactor,
                        void (*expired)(struct reactor_timer *timer));

/* (Re)starts: calls back once, not before `delay_us` after the beginning of this turn. When the
 * whole thread stood still meanwhile, a little later: sockets that became readable come first. */
void reactor_timer_start(struct reactor_timer *timer, uint64_t delay_us);
void reactor_timer_stop(struct reactor_timer *timer);

static inline bool reactor_timer_is_running(const struct reactor_timer *timer)
{
    return ev_is_active(&timer->timer);
}

#endif
