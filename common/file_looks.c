#include "common/file_looks.h"

#include <sys/stat.h>

/* FNV-1a, by whole words. */
static uint64_t mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t mix_time(uint64_t sum, struct timespec time)
{
    return mix(mix(sum, (uint64_t)time.tv_sec), (uint64_t)time.tv_nsec);
}

static uint64_t mix_file(uint64_t sum, const char *path)
{
    struct stat status;

    if (path == NULL || stat(path, &status) != 0) {
        return mix(sum, path == NULL);
    }
    sum = mix(mix(sum, status.st_dev), status.st_ino);
    sum = mix(sum, (uint64_t)status.st_size);
    return mix_time(mix_time(sum, status.st_mtim), status.st_ctim);
}

uint64_t file_looks(const char *const *paths, size_t count)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < count; i++) {
        sum = mix_file(sum, paths[i]);
    }
    return sum;
}
