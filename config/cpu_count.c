#include "config/cpu_count.h"

#include <sched.h>

#include "config/cgroup.h"

uint64_t cpu_quota(struct span text)
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
    return (uint64_t)(quota / period + (quota % period == 0 ? 0 : 1));
}

size_t cpu_count(void)
{
    cpu_set_t set;
    size_t cpus = 1;
    size_t quota = (size_t)cgroup_least("cpu.max", cpu_quota);

    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        cpus = size_max(1, (size_t)CPU_COUNT(&set));
    }
    return quota > 0 ? size_min(cpus, quota) : cpus;
}
