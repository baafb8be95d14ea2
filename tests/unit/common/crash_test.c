#include "common/crash.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"
#include "common/thread.h"

enum { SAID_MAX = 65536 };

static char said[SAID_MAX];

/* Runs `crash` in a process of its own and returns how that ended; `said` is what it wrote. */
static int status_of(void (*crash)(void))
{
    int ends[2];
    int status = 0;
    size_t size = 0;
    ssize_t got = 0;

    cr_assert_eq(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        crash_report_install();
        crash();
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], said + size, SAID_MAX - 1 - size)) > 0) {
        size += (size_t)got;
    }
    said[size] = '\0';
    close(ends[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

static void expect_said(const char *text)
{
    cr_expect_not_null(strstr(said, text), "no '%s' in: %s", text, said);
}

static void touch_nothing(void)
{
    *(volatile int *)16 = 1;
}

static void fail_a_check(void)
{
    CHECK(sizeof(int) == 1);
}

static unsigned dig(volatile unsigned depth)
{
    volatile char sand[1024];

    sand[depth % sizeof sand] = 1;
    return depth == 0 ? 0 : dig(depth + 1) + (unsigned)sand[0];
}

static void overflow_the_stack(void)
{
    dig(1);
}

static void overflow_in_thread(void *context UNUSED)
{
    overflow_the_stack();
}

static void overflow_the_stack_of_a_thread(void)
{
    struct thread thread;

    thread_start(&thread, "digger", overflow_in_thread, NULL);
    thread_join(&thread);
}

static void set_up(void)
{
    if (IS_SANITIZED) {
        cr_skip("the sanitizer reports");
    }
}

TestSuite(crash, .init = set_up, .timeout = 60);

Test(crash, tells_the_address_that_was_touched)
{
    int status = status_of(touch_nothing);

    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %#x", (unsigned)status);
    expect_said(" SIGSEGV at address 0x10 code 1 in thread ");
    expect_said("slotway: end of the report");
}

Test(crash, of_a_failed_check_tells_which)
{
    int status = status_of(fail_a_check);

    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %#x", (unsigned)status);
    expect_said("internal check failed: sizeof(int) == 1 in fail_a_check at ");
    expect_said("SIGABRT");
    expect_said("slotway: end of the report");
}

Test(crash, of_a_full_stack_is_reported_too)
{
    int status = status_of(overflow_the_stack);

    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %#x", (unsigned)status);
    expect_said("slotway: end of the report");
}

Test(crash, of_a_full_stack_of_a_thread_likewise)
{
    int status = status_of(overflow_the_stack_of_a_thread);

    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %#x", (unsigned)status);
    expect_said(" in thread digger ");
    expect_said("slotway: end of the report");
}
