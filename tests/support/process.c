#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"
#include "tests/support/wait.h"

enum {
    RUN_TIMEOUT_MS = 120000,
    FIRST_PASSED = 3,
    ELSEWHERE = 100, /* a descriptor that nothing is moved to */
};

/* Sockets that the program is to have as descriptors 3, 4 … */
struct passed {
    const int *sockets;
    int count;
};

/* Between fork and exec, this and the next: only calls that are safe there. */
static void pass_on(const struct passed *passed)
{
    static char process[32];
    static char count[32];
    int held[ELSEWHERE];

    for (int i = 0; i < passed->count; i++) {
        held[i] = fcntl(passed->sockets[i], F_DUPFD_CLOEXEC, ELSEWHERE);
    }
    for (int i = 0; i < passed->count; i++) {
        dup2(held[i], FIRST_PASSED + i);
    }
    snprintf(process, sizeof process, "LISTEN_PID=%d", (int)getpid());
    snprintf(count, sizeof count, "LISTEN_FDS=%d", passed->count);
    putenv(process);
    putenv(count);
}

static void process_become(const struct process *process, const char *const *argv,
                           const char *const *environment, const struct passed *passed)
{
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(process->output, STDOUT_FILENO);
    dup2(process->output, STDERR_FILENO);
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        putenv((char *)environment[i]);
    }
    if (passed->count > 0) {
        pass_on(passed);
    }
    execvp(argv[0], (char *const *)argv);
    dprintf(STDERR_FILENO, "cannot run %s\n", argv[0]);
    _exit(127);
}

void process_start(struct process *process, const char *const *argv, const char *const *environment)
{
    process_start_with_sockets(process, argv, environment, NULL, 0);
}

void process_start_with_sockets(struct process *process, const char *const *argv,
                                const char *const *environment, const int *sockets, int count)
{
    const struct passed passed = {sockets, count};
    pid_t parent = getpid();

    CHECK(count < ELSEWHERE);

    *process = (struct process){.output = memfd_create("output", MFD_CLOEXEC)};
    CHECK(process->output >= 0);
    /* Two writers share the file through one description, so neither overwrites the other. */
    process->pid = fork();
    CHECK(process->pid >= 0);
    if (process->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(126);
        }
        process_become(process, argv, environment, &passed);
    }
}

bool process_has_ended(struct process *process)
{
    if (process->pid != 0 && waitpid(process->pid, &process->status, WNOHANG) == process->pid) {
        process->pid = 0;
    }
    return process->pid == 0;
}

int process_stop(struct process *process, int signal, uint64_t timeout_ms)
{
    if (process->pid != 0) {
        kill(process->pid, signal);
    }
    if (!WAIT_FOR_MS(timeout_ms, process_has_ended(process))) {
        kill(process->pid, SIGKILL);
        waitpid(process->pid, &process->status, 0);
        process->pid = 0;
    }
    return process->status;
}

struct bytes process_output(const struct process *process)
{
    struct bytes output = {0};
    ssize_t count = 0;

    bytes_room(&output, 0);
    do {
        bytes_added(&output, (size_t)count);
        char *room = bytes_room(&output, 65536);
        count = pread(process->output, room, 65536, (off_t)output.size);
    } while (count > 0);
    return output;
}

long process_resident_kb(const struct process *process)
{
    char path[64];
    long pages = 0;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)process->pid);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    int fields = fscanf(file, "%*d %ld", &pages);
    CHECK(fields == 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

void process_clear(struct process *process)
{
    if (process->output <= 0) {
        return;
    }
    process_stop(process, SIGKILL, WAIT_MS);
    close(process->output);
    *process = (struct process){0};
}

int process_run(const char *const *argv, struct bytes *output)
{
    struct process process;

    process_start(&process, argv, NULL);
    bool ended = WAIT_FOR_MS(RUN_TIMEOUT_MS, process_has_ended(&process));
    int code = ended && WIFEXITED(process.status) ? WEXITSTATUS(process.status) : -1;
    if (output != NULL) {
        *output = process_output(&process);
    }
    process_clear(&process);
    return code;
}
