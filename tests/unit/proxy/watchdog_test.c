#include "proxy/watchdog.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mailbox.h"

enum {
    AFTER_US = 100 * US_PER_MS,
    DEADLINE_US = 15 * US_PER_SECOND,
};

/* The test's thread is the control thread; `worker` turns a reactor of its own. */
static struct reactor *control;
static struct watchdog *watchdog;
static struct thread worker;
static struct reactor *worker_reactor;
static struct mailbox *worker_mailbox;
static int blocked[2]; /* a pipe that a stuck worker reads from */
static _Atomic bool is_blocking;
static _Atomic unsigned turns;
static int log_file;

static void run(void *context UNUSED)
{
    reactor_run(worker_reactor);
}

static void set_up(void)
{
    log_file = memfd_create("log", MFD_CLOEXEC);
    log_set_descriptor(log_file);
    cr_assert_eq(pipe(blocked), 0);
    control = reactor_new();
    watchdog = watchdog_new(control, AFTER_US);
    worker_reactor = reactor_new();
    worker_mailbox = mailbox_new(worker_reactor);
    thread_start(&worker, "worker-7", run, NULL);
}

static void worker_on_stop(struct message *message UNUSED)
{
    mailbox_close(worker_mailbox);
    reactor_stop(worker_reactor);
}

static void tear_down(void)
{
    struct message message = {.deliver = worker_on_stop, .drop = worker_on_stop};

    mailbox_post(worker_mailbox, &message);
    thread_join(&worker);
    mailbox_free(&worker_mailbox);
    reactor_free(&worker_reactor);
    watchdog_free(&watchdog);
    reactor_free(&control);
    close(blocked[0]);
    close(blocked[1]);
}

TestSuite(watchdog, .init = set_up, .fini = tear_down, .timeout = 60);

static bool has_logged(const char *text)
{
    static char written[65536];
    ssize_t size = pread(log_file, written, sizeof written - 1, 0);

    cr_assert_geq(size, 0);
    written[size] = '\0';
    return strstr(written, text) != NULL;
}

#define TURN_UNTIL(condition)                                                                      \
    ({                                                                                             \
        uint64_t turn_deadline = clock_now() + DEADLINE_US;                                        \
        bool turn_holds = (condition);                                                             \
        while (!turn_holds && clock_now() < turn_deadline) {                                       \
            ev_run(control->loop, EVRUN_ONCE);                                                     \
            turn_holds = (condition);                                                              \
        }                                                                                          \
        turn_holds;                                                                                \
    })

static void watch(const char *name, const struct pulse *pulse, uint64_t patience)
{
    watchdog_add(watchdog, &(struct watch_target){.name = name,
                                                  .kind = WATCH_VITAL,
                                                  .thread = &worker,
                                                  .pulse = pulse,
                                                  .patience = patience});
}

static bool is_content(void)
{
    struct sendq why;
    sendq_init(&why);
    bool content = watchdog_is_content(watchdog, &why);

    cr_expect_eq(content, sendq_is_empty(&why));
    sendq_clear(&why);
    return content;
}

static void worker_on_block(struct message *message UNUSED)
{
    char byte;

    is_blocking = true;
    ssize_t size = read(blocked[0], &byte, 1);
    cr_assert_eq(size, 1);
    is_blocking = false;
}

static void worker_on_turn(struct message *message UNUSED)
{
    turns++;
}

static void post(struct message *message, void (*deliver)(struct message *message))
{
    *message = (struct message){.deliver = deliver, .drop = deliver};
    mailbox_post(worker_mailbox, message);
}

static void block_worker(struct message *message)
{
    post(message, worker_on_block);
    cr_assert(TURN_UNTIL(is_blocking));
}

static void release_worker(void)
{
    cr_assert_eq(write(blocked[1], "x", 1), 1);
}

Test(watchdog, tells_that_a_thread_is_stuck_and_where_and_that_it_goes_on)
{
    struct message message;
    watch("worker-7", &worker_reactor->pulse, AFTER_US);

    block_worker(&message);
    cr_expect(TURN_UNTIL(watchdog_report(watchdog, 0).stalls == 1));
    cr_expect_not(is_content());
    cr_expect_geq(watchdog_report(watchdog, 0).stuck_us, AFTER_US);
    cr_expect(has_logged("a thread is stuck thread=worker-7"));
    cr_expect(TURN_UNTIL(has_logged("where the thread is stuck thread=worker-7 stack=")));
    cr_expect(has_logged("read+0x"), "the stack has no read()");
    release_worker();
    cr_expect(TURN_UNTIL(is_content()));
    cr_expect(has_logged("a thread that was stuck goes on thread=worker-7"));
    cr_expect_eq(watchdog_report(watchdog, 0).stuck_us, 0);
    cr_expect_eq(watchdog_report(watchdog, 0).stalls, 1);
}

Test(watchdog, tells_of_the_next_time_too)
{
    struct message messages[2];
    watch("worker-7", &worker_reactor->pulse, AFTER_US);

    for (unsigned i = 0; i < 2; i++) {
        block_worker(&messages[i]);
        cr_expect(TURN_UNTIL(watchdog_report(watchdog, 0).stalls == i + 1));
        release_worker();
        cr_expect(TURN_UNTIL(is_content()));
    }
}

Test(watchdog, of_several_that_are_stuck_asks_each)
{
    static struct pulse other;
    struct message message;
    watch("worker-7", &worker_reactor->pulse, AFTER_US);
    watch("worker-8", &other, AFTER_US);

    pulse_work(&other);
    block_worker(&message);
    cr_expect(TURN_UNTIL(has_logged("where the thread is stuck thread=worker-7")));
    cr_expect(TURN_UNTIL(has_logged("where the thread is stuck thread=worker-8")));
    release_worker();
}

/* How long the others were looked at is told by one that does get stuck, again and again. */
static bool rests_for_a_while(struct pulse *dummy)
{
    uint64_t stalls = watchdog_report(watchdog, 1).stalls;
    uint64_t turn = pulse_read(&worker_reactor->pulse);

    pulse_work(dummy);
    cr_assert(TURN_UNTIL(watchdog_report(watchdog, 1).stalls == stalls + 1));
    return !pulse_is_working(turn) && pulse_read(&worker_reactor->pulse) == turn;
}

/* What woke it for the message may wake it once more for nothing, however late on a busy machine;
 * a watchdog that wakes it would do so in every while. */
Test(watchdog, an_idle_thread_is_not_stuck_and_not_woken)
{
    static struct pulse dummy;
    struct message message;
    watch("worker-7", &worker_reactor->pulse, AFTER_US);
    watch("dummy", &dummy, 5 * AFTER_US);

    post(&message, worker_on_turn);
    cr_assert(TURN_UNTIL(turns == 1));
    cr_expect(TURN_UNTIL(rests_for_a_while(&dummy)));
    cr_expect_eq(watchdog_report(watchdog, 0).stalls, 0);
}

Test(watchdog, a_thread_that_is_always_busy_but_goes_forward_is_not_stuck)
{
    static struct pulse busy;
    static struct pulse dummy;
    watch("busy", &busy, 10 * AFTER_US);
    watch("dummy", &dummy, 20 * AFTER_US);

    pulse_work(&dummy);
    cr_expect(TURN_UNTIL(({
        pulse_work(&busy);
        watchdog_report(watchdog, 1).stalls == 1;
    })));
    cr_expect_eq(watchdog_report(watchdog, 0).stalls, 0);
}

Test(watchdog, while_nobody_looks_nobody_grows_suspicious)
{
    struct message message;
    watch("worker-7", &worker_reactor->pulse, 10 * AFTER_US);

    block_worker(&message);
    /* Without a look, twice its patience goes by. */
    uint64_t until = clock_now() + 20 * AFTER_US;
    while (clock_now() < until) {
        usleep(1000);
    }
    cr_expect(TURN_UNTIL(watchdog_pauses(watchdog) == 1));
    cr_expect_eq(watchdog_report(watchdog, 0).stalls, 0);
    cr_expect(has_logged("the process stood still"));
    release_worker();
}

Test(watchdog, what_is_not_vital_is_told_but_is_no_illness)
{
    static struct pulse pulse;
    watchdog_add(watchdog, &(struct watch_target){.name = "discovery-main",
                                                  .kind = WATCH_OTHER,
                                                  .thread = &worker,
                                                  .pulse = &pulse,
                                                  .patience = AFTER_US});

    pulse_work(&pulse);
    cr_expect(TURN_UNTIL(watchdog_report(watchdog, 0).stalls == 1));
    cr_expect(is_content());
    cr_expect(has_logged("a thread is stuck thread=discovery-main"));
}

Test(watchdog, off_means_off)
{
    static struct pulse pulse;
    struct watchdog *off = watchdog_new(control, 0);
    const struct watch_target target = {"worker-9", WATCH_VITAL, &worker, &pulse, 0};

    watchdog_add(off, &target);
    watch("worker-7", &pulse, 2 * AFTER_US);
    pulse_work(&pulse);
    cr_expect(TURN_UNTIL(watchdog_report(watchdog, 0).stalls == 1));
    cr_expect_eq(watchdog_report(off, 0).stalls, 0);
    watchdog_free(&off);
}

Test(watchdog, whose_patience_grows_takes_longer_to_be_stuck)
{
    struct message message;

    watch("worker-7", &worker_reactor->pulse, 3600ull * US_PER_SECOND);
    block_worker(&message);
    watchdog_set_patience(watchdog, "worker-8", AFTER_US);
    cr_expect(is_content());
    watchdog_set_patience(watchdog, "worker-7", AFTER_US);
    cr_expect(TURN_UNTIL(!is_content()));
    release_worker();
    cr_expect(TURN_UNTIL(is_content()));
}

Test(watchdog, is_switched_off_and_on)
{
    struct message message;

    watch("worker-7", &worker_reactor->pulse, AFTER_US);
    block_worker(&message);
    cr_expect(TURN_UNTIL(!is_content()));
    watchdog_set_after(watchdog, 0);
    cr_expect(is_content());
    watchdog_set_after(watchdog, AFTER_US);
    cr_expect(TURN_UNTIL(!is_content()));
    release_worker();
    cr_expect(TURN_UNTIL(is_content()));
}

Test(watchdog, takes_more_to_watch_while_one_has_been_asked)
{
    static struct pulse others[3];
    struct message message;

    watch("worker-7", &worker_reactor->pulse, AFTER_US);
    block_worker(&message);
    cr_expect(TURN_UNTIL(watchdog_report(watchdog, 0).stalls == 1));
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        watch("another", &others[i], AFTER_US);
    }
    cr_expect(TURN_UNTIL(has_logged("where the thread is stuck thread=worker-7 stack=")));
    release_worker();
}

Test(watchdog, switched_off_while_one_has_been_asked_asks_again)
{
    struct message message;

    watch("worker-7", &worker_reactor->pulse, AFTER_US);
    block_worker(&message);
    cr_expect(TURN_UNTIL(watchdog_report(watchdog, 0).stalls == 1));
    watchdog_set_after(watchdog, 0);
    cr_expect_not(has_logged("where the thread is stuck"));
    watchdog_set_after(watchdog, AFTER_US);
    cr_expect(TURN_UNTIL(has_logged("where the thread is stuck thread=worker-7 stack=")));
    release_worker();
}
