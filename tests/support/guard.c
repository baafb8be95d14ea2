#include "tests/support/guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"

/* The other end of the pipe is this process's alone, so that it ends with it. */
static void watch(int pipe, pid_t group)
{
    char nothing;
    ssize_t count = read(pipe, &nothing, 1);

    kill(-group, SIGKILL);
    _exit(count == 0 ? 0 : 1);
}

struct guard guard_set(pid_t group)
{
    int ends[2];
    int failed = pipe2(ends, O_CLOEXEC);

    CHECK(failed == 0);

    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        close(ends[1]);
        watch(ends[0], group);
    }
    close(ends[0]);
    return (struct guard){ends[1], pid};
}

void guard_end(struct guard *guard)
{
    if (guard->pid == 0) {
        return;
    }
    close(guard->pipe);
    waitpid(guard->pid, NULL, 0);
    *guard = (struct guard){0};
}
