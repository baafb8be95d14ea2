#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "proxy/metrics/metrics_text.h"

/* /proc may be missing in a strange container: what cannot be read counts as 0. */
static double resident_bytes(void)
{
    unsigned long long all = 0;
    unsigned long long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL) {
        return 0;
    }
    int found = fscanf(file, "%llu %llu", &all, &resident);
    fclose(file);
    return found == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) : 0;
}

static double cpu_seconds(void)
{
    struct timespec used = {0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static double open_fds(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");

    if (folder == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count - 1; /* without the folder itself */
}

static double max_fds(void)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    return (double)limit.rlim_cur;
}

static void write_single(struct sendq *to, enum metrics_family family, double value)
{
    metrics_write_family(to, family);
    metrics_write_sample(to, family, NULL, 0, value);
}

void metrics_write_process(struct sendq *to, uint64_t started, uint32_t workers)
{
    struct metrics_label version = {"version", SLOTWAY_VERSION};

    metrics_write_family(to, FAMILY_BUILD);
    metrics_write_sample(to, FAMILY_BUILD, &version, 1, 1);
    write_single(to, FAMILY_START_TIME, (double)started / US_PER_SECOND);
    write_single(to, FAMILY_WORKERS, workers);
    write_single(to, FAMILY_RESIDENT_MEMORY, resident_bytes());
    write_single(to, FAMILY_CPU_SECONDS, cpu_seconds());
    write_single(to, FAMILY_OPEN_FDS, open_fds());
    write_single(to, FAMILY_MAX_FDS, max_fds());
}
