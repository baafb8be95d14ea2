#include "tests/support/lifeline.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"

enum { FIRST_OF_OTHERS = 3 };

struct pipe_ends {
    int read;
    int write;
};

static struct pipe_ends pipe_new(void)
{
    int ends[2];
    int failed = pipe2(ends, O_CLOEXEC);

    CHECK(failed == 0);
    return (struct pipe_ends){ends[0], ends[1]};
}

/* Its standard output is the end that tells of its own, so that whatever it becomes holds it. What
 * else it has would keep others waiting: other lifelines. */
static void take_descriptors(int lifeline, int own_end)
{
    int kept_end = fcntl(own_end, F_DUPFD_CLOEXEC, FIRST_OF_OTHERS);

    dup2(lifeline, STDIN_FILENO);
    dup2(kept_end, STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
    syscall(SYS_close_range, FIRST_OF_OTHERS, ~0U, 0);
}

static void guard(lifeline_act *act, const void *context)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    act(context);
    _exit(0);
}

struct lifeline lifeline_new(lifeline_act *act, const void *context)
{
    struct pipe_ends line = pipe_new();
    struct pipe_ends end = pipe_new();
    pid_t between = fork();

    CHECK(between >= 0);
    if (between == 0) {
        setsid();
        take_descriptors(line.read, end.write);
        if (fork() == 0) {
            guard(act, context);
        }
        _exit(0);
    }
    waitpid(between, NULL, 0);
    close(line.read);
    close(end.write);
    return (struct lifeline){.held = line.write, .ended = end.read};
}

void lifeline_cut(struct lifeline *lifeline)
{
    char byte;

    if (lifeline->held == 0) {
        return;
    }
    close(lifeline->held);
    while (read(lifeline->ended, &byte, 1) > 0) {
    }
    close(lifeline->ended);
    *lifeline = (struct lifeline){0};
}
