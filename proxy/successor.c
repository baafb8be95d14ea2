#include "proxy/successor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/notify.h"
#include "common/span.h"
#include "proxy/sibling.h"

enum {
    LOOK_US = 100 * US_PER_MS,
    LINE_MAX_BYTES = 256 * 1024, /* of arguments */
};

/* What is said to one process only. A WATCHDOG_USEC that stays behind is for all. */
static const char *const own_variables[] = {
    "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES=", "WATCHDOG_PID="};

/* Says how in the log. Of one that is not our child only its parent knows. */
static bool successor_has_ended(pid_t process)
{
    int status;
    pid_t ended = waitpid(process, &status, WNOHANG);

    if (ended == 0 || (ended < 0 && kill(process, 0) == 0)) {
        return false;
    }
    if (ended < 0) {
        log_error("the successor has ended", "pid=%d", (int)process);
    } else {
        log_error("the successor has ended", "pid=%d code=%d signal=%d", (int)process,
                  WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                  WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    return true;
}

static void successor_on_look(struct reactor_timer *timer)
{
    struct successor *successor = container_of(timer, struct successor, look);

    if (successor_has_ended(successor->process)) {
        successor->process = 0;
        return;
    }
    reactor_timer_start(timer, LOOK_US);
}

void successor_init(struct successor *successor, struct reactor *reactor)
{
    successor->process = 0;
    reactor_timer_init(&successor->look, reactor, successor_on_look);
}

void successor_clear(struct successor *successor)
{
    reactor_timer_stop(&successor->look);
}

static bool is_own_variable(const char *entry)
{
    for (size_t i = 0; i < ARRAY_LEN(own_variables); i++) {
        if (strncmp(entry, own_variables[i], strlen(own_variables[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* The environment without those; the entries are borrowed. */
static char **make_environment(void)
{
    size_t count = 0;
    size_t kept = 0;

    while (environ[count] != NULL) {
        count++;
    }

    char **entries = memory_new(count + 1, sizeof *entries);

    for (size_t i = 0; i < count; i++) {
        if (!is_own_variable(environ[i])) {
            entries[kept++] = environ[i];
        }
    }
    return entries;
}

/* Our command line, each argument with a zero byte behind it. Returns its size, or 0. */
static size_t read_line(char *line)
{
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    ssize_t count = 0;

    if (fd < 0) {
        return 0;
    }
    while ((count = read(fd, line + size, LINE_MAX_BYTES - size)) > 0) {
        size += (size_t)count;
    }
    close(fd);
    return count == 0 && size > 0 && line[size - 1] == '\0' ? size : 0;
}

/* The arguments in `line`; these are borrowed. */
static char **make_arguments(char *line, size_t size)
{
    size_t count = 0;
    char **arguments = NULL;

    for (size_t at = 0; at < size; at += strlen(line + at) + 1) {
        arguments = memory_resize(arguments, count + 2, sizeof *arguments);
        arguments[count++] = line + at;
        arguments[count] = NULL;
    }
    return arguments;
}

static int successor_spawn(struct successor *successor, char **arguments)
{
    char **environment = make_environment();
    pid_t *process = &successor->process;
    int error = notify_is_wanted()
                    ? sibling_spawn(process, arguments, environment)
                    : posix_spawnp(process, arguments[0], NULL, NULL, arguments, environment);

    free(environment);
    return error;
}

void successor_start(struct successor *successor)
{
    if (successor->process != 0) {
        log_warn("a successor is under way", "pid=%d", (int)successor->process);
        return;
    }

    char *line = memory_raw(LINE_MAX_BYTES);
    size_t size = read_line(line);
    char **arguments = make_arguments(line, size);
    int error = size == 0 ? E2BIG : successor_spawn(successor, arguments);

    if (error != 0) {
        successor->process = 0;
        log_error("cannot start a successor", "error=%s", strerror(error));
    } else {
        log_info("started a successor", "pid=%d program=%s", (int)successor->process, arguments[0]);
        reactor_timer_start(&successor->look, LOOK_US);
    }
    free(arguments);
    free(line);
}
