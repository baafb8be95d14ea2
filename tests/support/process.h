/* process.h - a program that a test starts, with what it writes kept for a failing test to show.
 *
 * It is killed by the kernel when the test's main thread ends, however that comes.
 */
#ifndef TESTS_SUPPORT_PROCESS_H
#define TESTS_SUPPORT_PROCESS_H

#include <sys/types.h>

#include "tests/support/bytes.h"

struct process {
    pid_t pid;  /* 0 when it has ended and been waited for */
    int output; /* a file without a name: stdout and stderr */
    int status; /* as waitpid gives it, once it has ended */
};

/* Starts argv[0] with the environment of the test and the NULL-terminated `environment` entries
 * "NAME=value" on top of it, which may be NULL. Main thread. */
void process_start(struct process *process, const char *const *argv,
                   const char *const *environment);

/* The same, and it finds `count` of the test's sockets as systemd would pass them on, by
 * LISTEN_FDS. */
void process_start_with_sockets(struct process *process, const char *const *argv,
                                const char *const *environment, const int *sockets, int count);

/* Has it ended? Collects its status when it has. */
bool process_has_ended(struct process *process);

/* Sends `signal` and waits; after `timeout_ms` kills. Returns the status of waitpid; SIGKILL as
 * the ending signal tells that it did not end by itself. */
int process_stop(struct process *process, int signal, uint64_t timeout_ms);

/* All it has written so far; the caller clears it. */
struct bytes process_output(const struct process *process);

/* How much memory it holds now, in kilobytes. */
long process_resident_kb(const struct process *process);

/* Kills it if need be and gives everything back. */
void process_clear(struct process *process);

/* Runs a program to its end and returns its exit code, or -1; what it wrote goes into *output
 * unless that is NULL. */
int process_run(const char *const *argv, struct bytes *output);

#endif
