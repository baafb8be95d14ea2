#include "common/reactor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/clock.h"

static struct reactor *reactor;
static char trace[64];

static void open_reactor(void)
{
    reactor = reactor_new();
    trace[0] = '\0';
}

static void close_reactor(void)
{
    reactor_free(&reactor);
}

TestSuite(reactor, .init = open_reactor, .fini = close_reactor, .timeout = 20);

static void note(char letter)
{
    size_t size = strlen(trace);

    cr_assert_lt(size + 1, sizeof trace);
    trace[size] = letter;
    trace[size + 1] = '\0';
}

/* A task that leaves its letter, and then asks for another one. */
struct step {
    struct turn_task task;
    char letter;
    struct step *then_flush;
    struct step *then_flush_first;
    struct step *then_bury;
    struct step *then_next;
};

static void run_step(struct turn_task *task)
{
    struct step *step = container_of(task, struct step, task);

    note(step->letter);
    if (step->then_flush != NULL) {
        reactor_flush_later(reactor, &step->then_flush->task);
        step->then_flush = NULL;
    }
    if (step->then_flush_first != NULL) {
        reactor_flush_first(reactor, &step->then_flush_first->task);
        step->then_flush_first = NULL;
    }
    if (step->then_bury != NULL) {
        reactor_bury(reactor, &step->then_bury->task);
    }
    if (step->then_next != NULL) {
        reactor_next_turn(reactor, &step->then_next->task);
    }
}

static struct step step_of(char letter)
{
    return (struct step){.task = {.run = run_step}, .letter = letter};
}

static void stop(struct reactor_timer *timer)
{
    note('.');
    reactor_stop(timer->reactor);
}

static void run_for(uint64_t delay_us)
{
    struct reactor_timer timer;

    reactor_timer_init(&timer, reactor, stop);
    reactor_timer_start(&timer, delay_us);
    reactor_run(reactor);
}

Test(reactor, flush_tasks_run_once_each_in_order_of_asking)
{
    struct step a = step_of('a');
    struct step b = step_of('b');

    reactor_flush_later(reactor, &b.task);
    reactor_flush_later(reactor, &a.task);
    reactor_flush_later(reactor, &b.task);
    run_for(1);
    cr_expect_str_eq(trace, "ba.");
}

Test(reactor, flush_tasks_may_ask_for_more_in_the_same_turn)
{
    struct step a = step_of('a');
    struct step b = step_of('b');
    struct step c = step_of('c');

    a.then_flush = &b;
    b.then_flush = &a;
    reactor_flush_later(reactor, &a.task);
    reactor_flush_later(reactor, &c.task);
    run_for(1);
    cr_expect_str_eq(trace, "acba.");
}

static void stop_on_readable(struct ev_loop *loop, ev_io *io, int events UNUSED)
{
    note('r');
    ev_io_stop(loop, io);
    reactor_stop(reactor);
}

Test(reactor, a_task_for_the_next_turn_comes_behind_this_one_and_keeps_no_socket_waiting)
{
    struct step flush = step_of('f');
    struct step next = step_of('n');
    ev_io readable;
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    ev_io_init(&readable, stop_on_readable, ends[0], EV_READ);
    ev_io_start(reactor->loop, &readable);
    next.then_next = &next;
    reactor_next_turn(reactor, &next.task);
    reactor_next_turn(reactor, &next.task);
    reactor_flush_later(reactor, &flush.task);
    reactor_run(reactor);
    cr_expect_str_eq(trace, "fnr");
    reactor_forget(&next.task);
    run_for(1);
    cr_expect_str_eq(trace, "fnr.");
    close(ends[0]);
    close(ends[1]);
}

Test(reactor, tasks_for_further_turns_come_one_by_one)
{
    struct step last = step_of('c');
    struct step second = step_of('b');
    struct step first = step_of('a');

    first.then_next = &second;
    second.then_next = &last;
    reactor_next_turn(reactor, &first.task);
    run_for(100 * US_PER_MS);
    cr_expect_str_eq(trace, "abc.");
}

Test(reactor, some_flush_tasks_run_before_the_others)
{
    struct step a = step_of('a');
    struct step b = step_of('b');
    struct step c = step_of('c');

    reactor_flush_later(reactor, &a.task);
    reactor_flush_first(reactor, &b.task);
    reactor_flush_later(reactor, &b.task);
    reactor_flush_first(reactor, &c.task);
    run_for(1);
    cr_expect_str_eq(trace, "bca.");
}

/* What is asked for while replies are written is written together, behind them. */
Test(reactor, flush_tasks_that_come_first_wait_for_the_others_once_these_run)
{
    struct step a = step_of('a');
    struct step b = step_of('b');
    struct step c = step_of('c');
    struct step d = step_of('d');

    a.then_flush_first = &b;
    b.then_flush = &d;
    reactor_flush_later(reactor, &a.task);
    reactor_flush_later(reactor, &c.task);
    run_for(1);
    cr_expect_str_eq(trace, "acbd.");
}

Test(reactor, the_dead_are_buried_after_all_flush_tasks)
{
    struct step dead = step_of('D');
    struct step a = step_of('a');
    struct step b = step_of('b');

    a.then_bury = &dead;
    a.then_flush = &b;
    reactor_flush_later(reactor, &a.task);
    run_for(1);
    cr_expect_str_eq(trace, "abD.");
}

Test(reactor, the_dead_are_not_flushed_any_more)
{
    struct step dead = step_of('D');

    reactor_flush_later(reactor, &dead.task);
    reactor_bury(reactor, &dead.task);
    run_for(1);
    cr_expect_str_eq(trace, "D.");
}

Test(reactor, burials_may_ask_for_flush_tasks)
{
    struct step dead = step_of('D');
    struct step last = step_of('E');
    struct step a = step_of('a');

    dead.then_flush = &a;
    reactor_bury(reactor, &dead.task);
    reactor_bury(reactor, &last.task);
    run_for(1);
    cr_expect_str_eq(trace, "DaE.");
}

struct last_words {
    struct reactor_timer timer;
    struct step step;
};

static void speak_and_stop(struct reactor_timer *timer)
{
    struct last_words *last = container_of(timer, struct last_words, timer);

    reactor_stop(timer->reactor);
    reactor_flush_later(timer->reactor, &last->step.task);
}

Test(reactor, the_last_turn_ends_like_any_other)
{
    struct last_words last = {.step = step_of('a')};

    reactor_timer_init(&last.timer, reactor, speak_and_stop);
    reactor_timer_start(&last.timer, 1);
    reactor_run(reactor);
    cr_expect_str_eq(trace, "a");
}

Test(reactor, free_buries_what_is_dead)
{
    struct step dead = step_of('D');

    reactor_bury(reactor, &dead.task);
    reactor_free(&reactor);
    cr_expect_str_eq(trace, "D");
    cr_expect_null(reactor);
}

static uint64_t expired_at;

static void expire(struct reactor_timer *timer)
{
    note('x');
    cr_expect_not(reactor_timer_is_running(timer));
    expired_at = reactor_now(timer->reactor);
}

Test(reactor, timer_expires_once_and_not_too_early)
{
    struct reactor_timer timer;
    uint64_t start = reactor_now(reactor);

    reactor_timer_init(&timer, reactor, expire);
    cr_expect_not(reactor_timer_is_running(&timer));
    reactor_timer_start(&timer, 20 * US_PER_MS);
    cr_expect(reactor_timer_is_running(&timer));
    run_for(100 * US_PER_MS);
    cr_expect_str_eq(trace, "x.");
    cr_expect_geq(expired_at, start + 20 * US_PER_MS);
}

Test(reactor, timer_that_was_stopped_is_silent)
{
    struct reactor_timer timer;

    reactor_timer_init(&timer, reactor, expire);
    reactor_timer_stop(&timer);
    reactor_timer_start(&timer, 1000);
    reactor_timer_stop(&timer);
    cr_expect_not(reactor_timer_is_running(&timer));
    run_for(30 * US_PER_MS);
    cr_expect_str_eq(trace, ".");
}

Test(reactor, starting_a_timer_again_moves_it)
{
    struct reactor_timer early;
    struct reactor_timer late;

    reactor_timer_init(&early, reactor, expire);
    reactor_timer_init(&late, reactor, expire);
    reactor_timer_start(&early, 50 * US_PER_SECOND);
    reactor_timer_start(&late, 1);
    reactor_timer_start(&early, 1000);
    reactor_timer_start(&late, 50 * US_PER_SECOND);
    run_for(40 * US_PER_MS);
    cr_expect_str_eq(trace, "x.");
    cr_expect(reactor_timer_is_running(&late));
    reactor_timer_stop(&late);
}

Test(reactor, timer_may_be_started_again_after_it_expired)
{
    struct reactor_timer timer;

    reactor_timer_init(&timer, reactor, expire);
    for (int i = 0; i < 3; i++) {
        reactor_timer_start(&timer, 0);
        run_for(10 * US_PER_MS);
    }
    cr_expect_str_eq(trace, "x.x.x.");
}

struct reader {
    ev_io io;
    uint64_t seen_at;
};

static void on_readable(struct ev_loop *loop UNUSED, ev_io *io, int events UNUSED)
{
    container_of(io, struct reader, io)->seen_at = reactor_now(reactor);
    reactor_stop(reactor);
}

struct writer {
    struct reactor_timer timer;
    int fd;
    uint64_t written_at;
};

static void write_byte(struct reactor_timer *timer)
{
    struct writer *writer = container_of(timer, struct writer, timer);

    cr_assert_eq(write(writer->fd, "x", 1), 1);
    writer->written_at = clock_now();
}

Test(reactor, now_is_read_before_the_callbacks_of_a_turn)
{
    struct reader reader;
    struct writer writer;
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    ev_io_init(&reader.io, on_readable, ends[0], EV_READ);
    ev_io_start(reactor->loop, &reader.io);
    writer.fd = ends[1];
    reactor_timer_init(&writer.timer, reactor, write_byte);
    reactor_timer_start(&writer.timer, 5 * US_PER_MS);
    reactor_run(reactor);
    cr_expect_geq(reader.seen_at, writer.written_at);
    cr_expect_leq(reader.seen_at, clock_now());
    ev_io_stop(reactor->loop, &reader.io);
    close(ends[0]);
    close(ends[1]);
}

/* A thread that does not run for a while, and a byte that comes meanwhile. */
struct standstill {
    struct turn_task task;
    int fd;
};

static void stand_still(struct turn_task *task)
{
    uint64_t until = clock_now() + 300 * US_PER_MS;

    while (clock_now() < until) {
    }
    cr_assert_eq(write(container_of(task, struct standstill, task)->fd, "x", 1), 1);
}

static void note_readable(struct ev_loop *loop, ev_io *io, int events UNUSED)
{
    note('r');
    ev_io_stop(loop, io);
}

Test(reactor, what_came_while_the_thread_stood_still_comes_before_timers)
{
    struct standstill still = {.task = {.run = stand_still}};
    struct reactor_timer timer;
    ev_io readable;
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    still.fd = ends[1];
    ev_io_init(&readable, note_readable, ends[0], EV_READ);
    ev_io_start(reactor->loop, &readable);
    reactor_timer_init(&timer, reactor, expire);
    reactor_timer_start(&timer, 1000);
    reactor_flush_later(reactor, &still.task);
    run_for(US_PER_SECOND);
    cr_expect_str_eq(trace, "rx.");
    close(ends[0]);
    close(ends[1]);
}

static void stand_still_again(struct ev_loop *loop UNUSED, ev_prepare *prepare UNUSED,
                              int events UNUSED)
{
    uint64_t until = clock_now() + 150 * US_PER_MS;

    while (clock_now() < until) {
    }
}

Test(reactor, timers_expire_on_a_thread_that_is_always_late)
{
    ev_prepare prepare;

    ev_prepare_init(&prepare, stand_still_again);
    ev_prepare_start(reactor->loop, &prepare);
    run_for(1000);
    cr_expect_str_eq(trace, ".");
    ev_prepare_stop(reactor->loop, &prepare);
}
