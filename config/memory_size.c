#include "config/memory_size.h"

#include <unistd.h>

#include "config/cgroup.h"

uint64_t memory_granted(struct span text)
{
    int64_t bytes = 0;

    while (text.size > 0 && text.at[text.size - 1] == '\n') {
        text.size--;
    }
    return span_to_int64(text, &bytes) && bytes > 0 ? (uint64_t)bytes : 0;
}

uint64_t memory_size(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_size = sysconf(_SC_PAGESIZE);
    uint64_t machine = pages > 0 && page_size > 0 ? (uint64_t)pages * (uint64_t)page_size : 0;
    uint64_t group = cgroup_least("memory.max", memory_granted);

    return group > 0 && (group < machine || machine == 0) ? group : machine;
}
