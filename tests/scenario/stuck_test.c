/* A thread of slotway that does not get on. The test holds it by ptrace, as a debugger would. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(stuck, .timeout = 60, .fini = rig_clean_up);

static bool thread_has_name(pid_t process, const char *thread, const char *name)
{
    char path[300];
    char line[32] = "";

    snprintf(path, sizeof path, "/proc/%d/task/%s/comm", (int)process, thread);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool is_it = fgets(line, sizeof line, file) != NULL && strcspn(line, "\n") == strlen(name) &&
                 strncmp(line, name, strlen(name)) == 0;
    fclose(file);
    return is_it;
}

static pid_t find_thread(struct rig *rig, const char *name)
{
    pid_t process = rig_process(rig)->pid;
    char path[64];
    pid_t found = 0;
    struct dirent *entry;

    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *folder = opendir(path);
    cr_assert_not_null(folder);
    while (found == 0 && (entry = readdir(folder)) != NULL) {
        if (thread_has_name(process, entry->d_name, name)) {
            found = (pid_t)strtol(entry->d_name, NULL, 10);
        }
    }
    closedir(folder);
    return found;
}

/* Stops the thread and no other of the process. Goes with the test, however that ends. */
static void catch_thread(pid_t thread)
{
    int status = 0;

    if (ptrace(PTRACE_SEIZE, thread, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) != 0 &&
        errno == EPERM) {
        cr_skip_test("ptrace is not allowed here");
    }
    cr_assert_eq(ptrace(PTRACE_INTERRUPT, thread, NULL, NULL), 0);
    cr_assert_eq(waitpid(thread, &status, __WALL), thread);
    cr_assert(WIFSTOPPED(status));
}

/* Is the caught thread about to read from a socket, and so in the middle of a turn? */
static bool thread_is_reading(pid_t thread, int status)
{
    struct __ptrace_syscall_info call = {0};

    cr_assert(WIFSTOPPED(status));
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
        return false;
    }
    cr_assert_gt(ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call), 0);
    return call.op == PTRACE_SYSCALL_INFO_ENTRY &&
           (call.entry.nr == SYS_read || call.entry.nr == SYS_recvfrom);
}

/* Lets the caught thread run until it has something to read, and no further. */
static void hold_thread_in_its_turn(pid_t thread)
{
    int status = 0;

    do {
        cr_assert_eq(ptrace(PTRACE_SYSCALL, thread, NULL, NULL), 0);
        cr_assert_eq(waitpid(thread, &status, __WALL), thread);
    } while (!thread_is_reading(thread, status));
}

static bool says(struct rig *rig, const char *path, const char *text)
{
    struct bytes body = {0};
    bool is_so = http_get(rig_admin_port(rig), path, &body) == 503 && body.at != NULL &&
                 strstr(body.at, text) != NULL;

    bytes_clear(&body);
    return is_so;
}

Test(stuck, worker_fails_health_until_it_goes_on_and_the_others_serve_on)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .workers = 2,
                                                          .with_store = true,
                                                          .request_timeout = "60s",
                                                          .global = "watchdog: {after: 500ms}\n"});
    struct wire *wires[2] = {rig_connect(rig), rig_connect(rig)};
    pid_t worker = find_thread(rig, "worker-1");

    cr_expect_str_eq(wire_ask(wires[0], "INCR", "k"), "1");
    cr_expect_str_eq(wire_ask(wires[1], "INCR", "k"), "2");
    cr_expect(WAIT_FOR(http_get(rig_admin_port(rig), "/healthz", NULL) == 200));
    cr_assert_gt(worker, 0);
    catch_thread(worker);
    wire_request(wires[0], "INCR", "k");
    wire_request(wires[1], "INCR", "k");
    hold_thread_in_its_turn(worker);
    cr_expect(WAIT_FOR(says(rig, "/healthz", "worker-1 is stuck since ")));
    cr_expect(says(rig, "/readyz", "worker-1 is stuck since "));
    cr_expect_geq(rig_metric(rig, "thread_stalls_total", "worker-1"), 1);
    cr_expect(WAIT_FOR(wire_has_input(wires[0]) || wire_has_input(wires[1])));
    cr_expect(!wire_has_input(wires[0]) || !wire_has_input(wires[1]), "one of them is its client");
    cr_expect_eq(ptrace(PTRACE_DETACH, worker, NULL, NULL), 0);
    cr_expect(WAIT_FOR(http_get(rig_admin_port(rig), "/healthz", NULL) == 200));
    cr_expect(WAIT_FOR(http_get(rig_admin_port(rig), "/readyz", NULL) == 200));
    cr_expect_eq(atoi(wire_text(wires[0])) + atoi(wire_text(wires[1])), 3 + 4);
    rig_stop(&rig);
}
