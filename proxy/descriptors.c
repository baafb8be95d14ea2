#include "proxy/descriptors.h"

#include <sys/resource.h>

#include "common/log.h"

/* Beyond clients: nodes, listeners, admin page, standard ones. */
enum { DESCRIPTORS_SPARE = 256 };

void descriptors_raise(const struct config *config)
{
    struct rlimit limit;
    uint64_t wanted = DESCRIPTORS_SPARE;

    for (size_t i = 0; i < config->pool_count; i++) {
        wanted += config->pools[i].clients_max;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) {
        log_warn("fewer file descriptors than clients.max may need", "allowed=%llu wanted=%llu",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
    }
}
