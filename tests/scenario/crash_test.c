/* A process that dies of a mistake of its own says what happened, and dies as it should. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"
#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/rig.h"

static struct process slotway;
static struct port listen_port;
static struct port admin_port;

static void set_up(void)
{
    listen_port = port_reserve();
    admin_port = port_reserve();
}

static void clean_up(void)
{
    process_clear(&slotway);
    port_release(&listen_port);
    port_release(&admin_port);
}

TestSuite(crash, .timeout = 60, .init = set_up, .fini = clean_up);

/* A worker and the control thread have answered something: both turn their loops. */
static bool is_up(void)
{
    struct wire *wire = wire_open(listen_port.number);
    bool is_up = wire != NULL && strcmp(wire_ask(wire, "PING"), "PONG") == 0;

    wire_close(&wire);
    return is_up && http_get(admin_port.number, "/healthz", NULL) == 200;
}

/* Without a core dump in the folder of the tests. */
static void start(void)
{
    static char command[1024];
    const char *const argv[] = {"sh", "-c", command, NULL};

    snprintf(command, sizeof command,
             "ulimit -c 0; exec %s --workers 1 --listen 127.0.0.1:%u --admin 127.0.0.1:%u "
             "--seed 127.0.0.1:1",
             rig_binary(), listen_port.number, admin_port.number);
    process_start(&slotway, argv, NULL);
    cr_assert(WAIT_FOR(is_up()));
}

static pid_t thread_id(const char *name)
{
    char path[512];
    char found[32];
    pid_t id = 0;

    snprintf(path, sizeof path, "/proc/%d/task", (int)slotway.pid);
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/comm", (int)slotway.pid, entry->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL && fscanf(file, "%31s", found) == 1 && strcmp(found, name) == 0) {
            id = (pid_t)strtol(entry->d_name, NULL, 10);
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    closedir(folder);
    return id;
}

static void expect_report(int signal, const char *name, const char *thread)
{
    struct bytes output = {0};

    cr_expect(WAIT_FOR(process_has_ended(&slotway)));
    cr_expect(WIFSIGNALED(slotway.status) && WTERMSIG(slotway.status) == signal,
              "it ended with status %#x", (unsigned)slotway.status);
    output = process_output(&slotway);
    EXPECT_CONTAINS(output.at, "slotway: crashed: 0.");
    EXPECT_CONTAINS(output.at, name);
    EXPECT_CONTAINS(output.at, thread);
    EXPECT_CONTAINS(output.at, "slotway: backtrace");
    EXPECT_CONTAINS(output.at, "(reactor_run+0x");
    EXPECT_CONTAINS(output.at, "slotway: end of the report");
    const char *first = strstr(output.at, "slotway: crashed");
    cr_expect(first == NULL || strstr(first + 1, "slotway: crashed") == NULL, "%s", output.at);
    bytes_clear(&output);
}

static const struct {
    int number;
    const char *name;
} signals[] = {
    {SIGSEGV, " SIGSEGV sent by process "}, {SIGBUS, " SIGBUS sent by process "},
    {SIGILL, " SIGILL sent by process "},   {SIGFPE, " SIGFPE sent by process "},
    {SIGABRT, " SIGABRT sent by process "},
};

Test(crash, is_reported_and_ends_the_process_with_its_signal)
{
    if (rig_binary_is_sanitized()) {
        cr_skip("the sanitizer reports");
    }
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        start();
        kill(slotway.pid, signals[i].number);
        expect_report(signals[i].number, signals[i].name, " in thread slotway ");
        process_clear(&slotway);
    }
}

Test(crash, of_another_thread_likewise)
{
    if (rig_binary_is_sanitized()) {
        cr_skip("the sanitizer reports");
    }
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        start();
        pid_t thread = thread_id("worker-0");
        cr_assert_neq(thread, 0);
        cr_assert_eq(syscall(SYS_tgkill, slotway.pid, thread, signals[i].number), 0);
        expect_report(signals[i].number, signals[i].name, " in thread worker-0 ");
        process_clear(&slotway);
    }
}

/* What asks a thread where it stands must not end the process when somebody else sends it. */
Test(crash, is_not_what_the_signal_of_the_watchdog_means)
{
    start();
    kill(slotway.pid, SIGUSR1);
    int status = process_stop(&slotway, SIGTERM, WAIT_MS);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", (unsigned)status);
}
