#include "tests/support/subject.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"
#include "tests/support/real_nodes.h"
#include "tests/support/wait.h"

enum { START_MS = 30000, STOP_MS = 30000, LOG_SHOWN = 20000 };

struct subject {
    struct process process;
    struct port listen;
    struct port admin;
    int config;
};

static void write_config(struct subject *subject, const struct subject_options *options)
{
    subject->config = memfd_create("slotway.yaml", 0);
    CHECK(subject->config >= 0);
    dprintf(subject->config,
            "workers: %u\n"
            "admin: {listen: \"127.0.0.1:%u\"}\n"
            "pools:\n"
            "  - name: main\n"
            "    listen: [\"127.0.0.1:%u\"]\n"
            "    backend:\n"
            "      seeds: [\"127.0.0.1:%u\", \"127.0.0.1:%u\"]\n"
            "      password: \"" REAL_NODES_PASSWORD "\"\n"
            "    timeouts: {connect: 1s, request: %ums}\n",
            options->workers, subject->admin.number, subject->listen.number, options->seeds[0],
            options->seeds[1], options->timeout_ms);
}

static void launch(struct subject *subject)
{
    const char *binary = getenv("SLOTWAY_BINARY");
    char *path = memory_print("/proc/%d/fd/%d", getpid(), subject->config);
    const char *const argv[] = {binary == NULL ? SLOTWAY_BINARY_BUILT : binary, "-c", path, NULL};

    process_start(&subject->process, argv, NULL);
    free(path);
}

static void subject_free(struct subject **subject)
{
    process_clear(&(*subject)->process);
    port_release(&(*subject)->listen);
    port_release(&(*subject)->admin);
    close((*subject)->config);
    free(*subject);
    *subject = NULL;
}

bool subject_runs(struct subject *subject)
{
    return !process_has_ended(&subject->process);
}

struct subject *subject_start(const struct subject_options *options)
{
    struct subject *subject = memory_new(1, sizeof *subject);

    subject->listen = port_reserve();
    subject->admin = port_reserve();
    write_config(subject, options);
    launch(subject);
    bool ready = WAIT_FOR_MS(START_MS, !subject_runs(subject) ||
                                           http_get(subject->admin.number, "/readyz", NULL) == 200);
    if (!ready || !subject_runs(subject)) {
        struct bytes log = {0};
        subject_print_log(subject, &log);
        fprintf(stderr, "slotway does not come up\n%s", log.at);
        bytes_clear(&log);
        subject_free(&subject);
    }
    return subject;
}

bool subject_stop(struct subject **subject)
{
    int status = process_stop(&(*subject)->process, SIGTERM, STOP_MS);
    bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    if (!well) {
        struct bytes log = {0};
        subject_print_log(*subject, &log);
        printf("slotway ended with status %#x\n%s", (unsigned)status, log.at);
        bytes_clear(&log);
    }
    subject_free(subject);
    return well;
}

uint16_t subject_port(const struct subject *subject)
{
    return subject->listen.number;
}

/* The value in a line of the metric, or -1. */
static long long value_of(const char *line, const char *name)
{
    size_t size = strlen(name);

    if (strncmp(line, "slotway_", 8) != 0 || strncmp(line + 8, name, size) != 0 ||
        (line[8 + size] != ' ' && line[8 + size] != '{')) {
        return -1;
    }
    const char *blank = memrchr(line, ' ', (size_t)(strchrnul(line, '\n') - line));
    return blank == NULL ? -1 : (long long)strtod(blank, NULL);
}

long long subject_metric(const struct subject *subject, const char *name)
{
    struct bytes page = {0};
    long long sum = -1;

    bytes_room(&page, 0);
    http_get(subject->admin.number, "/metrics", &page);
    for (const char *line = page.at; *line != '\0'; line = strchrnul(line, '\n')) {
        line += *line == '\n';
        long long value = value_of(line, name);
        if (value >= 0) {
            sum = (sum < 0 ? 0 : sum) + value;
        }
    }
    bytes_clear(&page);
    return sum;
}

long subject_resident_kb(const struct subject *subject)
{
    return process_resident_kb(&subject->process);
}

int subject_fd_count(const struct subject *subject)
{
    char path[64];
    int count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)subject->process.pid);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return -1;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

void subject_print_log(const struct subject *subject, struct bytes *text)
{
    struct bytes output = process_output(&subject->process);
    size_t from = output.size > LOG_SHOWN ? output.size - LOG_SHOWN : 0;

    bytes_add(text, output.at + from, output.size - from);
    bytes_clear(&output);
}
