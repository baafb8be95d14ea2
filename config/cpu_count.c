#include "config/cpu_count.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

enum { LINE_BYTES = 4096 };

size_t cpu_quota(struct span text)
{
    const char *blank = memchr(text.at, ' ', text.size);
    int64_t quota = 0;
    int64_t period = 0;

    if (blank == NULL) {
        return 0;
    }
    size_t size = (size_t)(blank - text.at);
    struct span behind = {blank + 1, text.size - size - 1};
    while (behind.size > 0 && behind.at[behind.size - 1] == '\n') {
        behind.size--;
    }
    if (!span_to_int64((struct span){text.at, size}, &quota) || !span_to_int64(behind, &period) ||
        quota <= 0 || period <= 0) {
        return 0;
    }
    return (size_t)(quota / period + (quota % period == 0 ? 0 : 1));
}

/* First line of a small file, or false. */
static bool read_line(const char *path, char *line)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return false;
    }
    bool found = fgets(line, LINE_BYTES, file) != NULL;
    fclose(file);
    return found;
}

/* Inside a container the own group is usually the root of what can be seen; outside, /proc says
 * where it is ("0::/system.slice/slotway.service"). */
static void own_group(char *group)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[LINE_BYTES];

    group[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "0::/", 4) == 0) {
            line[strcspn(line, "\n")] = '\0';
            memcpy(group, line + 3, strlen(line + 3) + 1);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* A quota binds all groups below it: the least on the way up to the root counts. */
static size_t least_quota(void)
{
    char group[LINE_BYTES];
    char line[LINE_BYTES];
    size_t least = 0;
    bool at_root = false;

    own_group(group);
    while (!at_root) {
        char *path = memory_print(CGROUP_ROOT "%s/cpu.max", group);
        size_t quota = read_line(path, line) ? cpu_quota(span_of(line)) : 0;
        free(path);
        least = quota > 0 && (least == 0 || quota < least) ? quota : least;
        char *slash = strrchr(group, '/');
        at_root = slash == NULL;
        if (!at_root) {
            *slash = '\0';
        }
    }
    return least;
}

size_t cpu_count(void)
{
    cpu_set_t set;
    size_t cpus = 1;
    size_t quota = least_quota();

    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        cpus = size_max(1, (size_t)CPU_COUNT(&set));
    }
    return quota > 0 ? size_min(cpus, quota) : cpus;
}
