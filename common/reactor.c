#include "common/reactor.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

/* A turn that begins so much behind a timer's time: the thread itself did not run. */
enum { LATE_US = 100 * US_PER_MS, LATE_GRACE_US = 10 * US_PER_MS };

static bool run_first(struct list *tasks)
{
    struct list_link *link = list_take_first(tasks);

    if (link == NULL) {
        return false;
    }

    struct turn_task *task = container_of(link, struct turn_task, link);
    task->run(task);
    return true;
}

static bool run_all(struct list *tasks)
{
    bool was_any = false;

    while (run_first(tasks)) {
        was_any = true;
    }
    return was_any;
}

/* A burial starts only when nothing is left to flush, also when an earlier burial asked for it. */
static void end_turn(struct reactor *reactor)
{
    while (run_all(&reactor->flush_first) || run_all(&reactor->flush) ||
           run_first(&reactor->bury)) {
    }
}

static void on_wake(struct ev_loop *loop UNUSED, ev_check *check, int events UNUSED)
{
    struct reactor *reactor = container_of(check, struct reactor, check);

    pulse_work(&reactor->pulse);
    reactor->now = clock_now();
}

static void figure_add(_Atomic uint64_t *figure, uint64_t by)
{
    uint64_t before = atomic_load_explicit(figure, memory_order_relaxed);

    atomic_store_explicit(figure, before + by, memory_order_relaxed);
}

static void note_turn(struct reactor *reactor)
{
    uint64_t took = clock_now() - reactor->now;
    char thread[16] = "";

    figure_add(&reactor->figures.busy_us, took);
    if (unlikely(took >= REACTOR_LONG_TURN_US)) {
        figure_add(&reactor->figures.long_turns, 1);
        figure_add(&reactor->figures.long_us, took);
        pthread_getname_np(pthread_self(), thread, sizeof thread);
        log_warn("a turn of a loop took long", "thread=%s ms=%llu", thread,
                 (unsigned long long)(took / US_PER_MS));
    }
}

static void before_wait(struct ev_loop *loop UNUSED, ev_prepare *prepare, int events UNUSED)
{
    struct reactor *reactor = container_of(prepare, struct reactor, prepare);

    end_turn(reactor);
    if (likely(pulse_is_working(pulse_read(&reactor->pulse)))) {
        note_turn(reactor);
        pulse_rest(&reactor->pulse);
    }
}

/* What asks for a turn meanwhile gets the one after. */
static void on_idle(struct ev_loop *loop, ev_idle *idle, int events UNUSED)
{
    struct reactor *reactor = container_of(idle, struct reactor, idle);
    struct list tasks;

    ev_idle_stop(loop, idle);
    list_init(&tasks);
    list_splice(&tasks, &reactor->next);
    run_all(&tasks);
}

void reactor_next_turn(struct reactor *reactor, struct turn_task *task)
{
    CHECK(task->run != NULL);
    if (!list_link_is_on(&task->link)) {
        list_append(&reactor->next, &task->link);
        ev_idle_start(reactor->loop, &reactor->idle);
    }
}

void reactor_forget(struct turn_task *task)
{
    if (list_link_is_on(&task->link)) {
        list_remove(&task->link);
    }
}

/* The clock is read before any other callback of a turn, and the turn ends after all others.
 * Both watchers also keep the loop going when there is nothing else to wait for. */
struct reactor *reactor_new(void)
{
    struct reactor *reactor = memory_new(1, sizeof *reactor);

    reactor->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV | EVFLAG_NOTIMERFD);
    CHECK(reactor->loop != NULL);
    reactor->now = clock_now();
    list_init(&reactor->flush_first);
    list_init(&reactor->flush);
    list_init(&reactor->bury);
    list_init(&reactor->next);
    ev_check_init(&reactor->check, on_wake);
    ev_set_priority(&reactor->check, EV_MAXPRI);
    ev_check_start(reactor->loop, &reactor->check);
    /* As urgent as anything: libev runs idle watchers when nothing of their priority is pending. */
    ev_idle_init(&reactor->idle, on_idle);
    ev_set_priority(&reactor->idle, EV_MAXPRI);
    ev_prepare_init(&reactor->prepare, before_wait);
    ev_set_priority(&reactor->prepare, EV_MINPRI);
    ev_prepare_start(reactor->loop, &reactor->prepare);
    return reactor;
}

void reactor_free(struct reactor **reactor)
{
    struct reactor *gone = *reactor;

    *reactor = NULL;
    if (gone == NULL) {
        return;
    }
    end_turn(gone);
    ev_idle_stop(gone->loop, &gone->idle);
    ev_check_stop(gone->loop, &gone->check);
    ev_prepare_stop(gone->loop, &gone->prepare);
    ev_loop_destroy(gone->loop);
    free(gone);
}

void reactor_run(struct reactor *reactor)
{
    ev_now_update(reactor->loop);
    pulse_work(&reactor->pulse);
    reactor->now = clock_now();
    ev_run(reactor->loop, 0);
    /* libev leaves without another look at the prepare watcher. */
    end_turn(reactor);
}

void reactor_stop(struct reactor *reactor)
{
    ev_break(reactor->loop, EVBREAK_ALL);
}

void reactor_bury(struct reactor *reactor, struct turn_task *task)
{
    CHECK(task->run != NULL);
    list_move(&reactor->bury, &task->link);
}

static void set_repeat(struct reactor_timer *timer, uint64_t delay_us)
{
    timer->timer.repeat = (ev_tstamp)(delay_us > 0 ? delay_us : 1) / US_PER_SECOND;
    ev_timer_again(timer->reactor->loop, &timer->timer);
}

/* The timer is a repeating one, because those are moved within libev's heap when they start
 * again; that it runs only once is seen to here. libev counts from its own idea of now, which may
 * be older than ours: what comes too early waits for the rest. And it runs timers before sockets:
 * after a stop of the process or a starved machine, what came meanwhile is to be read before
 * anybody is told that nothing came. */
static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events UNUSED)
{
    struct reactor_timer *timer = container_of(watcher, struct reactor_timer, timer);
    uint64_t now = timer->reactor->now;

    if (unlikely(now < timer->due)) {
        set_repeat(timer, timer->due - now);
        return;
    }
    if (!timer->had_grace && now > timer->due + LATE_US) {
        reactor_timer_start(timer, LATE_GRACE_US);
        timer->had_grace = true;
        return;
    }
    ev_timer_stop(loop, watcher);
    timer->expired(timer);
}

void reactor_timer_init(struct reactor_timer *timer, struct reactor *reactor,
                        void (*expired)(struct reactor_timer *timer))
{
    CHECK(expired != NULL);
    timer->reactor = reactor;
    timer->expired = expired;
    ev_timer_init(&timer->timer, on_timer, 0., 0.);
}

void reactor_timer_start(struct reactor_timer *timer, uint64_t delay_us)
{
    timer->due = timer->reactor->now + delay_us;
    timer->had_grace = false;
    set_repeat(timer, delay_us);
}

void reactor_timer_stop(struct reactor_timer *timer)
{
    ev_timer_stop(timer->reactor->loop, &timer->timer);
}
