#include "config/cgroup.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

enum { LINE_BYTES = 4096 };

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

uint64_t cgroup_least(const char *file, cgroup_parse *parse)
{
    char group[LINE_BYTES];
    char line[LINE_BYTES];
    uint64_t least = 0;
    bool at_root = false;

    own_group(group);
    while (!at_root) {
        char *path = memory_print(CGROUP_ROOT "%s/%s", group, file);
        uint64_t granted = read_line(path, line) ? parse(span_of(line)) : 0;
        free(path);
        least = granted > 0 && (least == 0 || granted < least) ? granted : least;
        char *slash = strrchr(group, '/');
        at_root = slash == NULL;
        if (!at_root) {
            *slash = '\0';
        }
    }
    return least;
}
