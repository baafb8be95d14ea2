#include <stddef.h>

#include "proxy/metrics/metrics_parts.h"

/* Each is a counter of its own as well. */
static const struct {
    const char *cause;
    size_t offset;
} causes[] = {
#define CAUSE(name, field)                                                                         \
    {                                                                                              \
        name, offsetof(struct metrics, field)                                                      \
    }
    CAUSE("moved", redirect_moved_total),       CAUSE("ask", redirect_ask_total),
    CAUSE("tryagain", redirect_tryagain_total), CAUSE("clusterdown", redirect_clusterdown_total),
    CAUSE("loading", redirect_loading_total),   CAUSE("masterdown", redirect_masterdown_total),
    CAUSE("readonly", redirect_readonly_total), CAUSE("noscript", scripts_healed_total),
    CAUSE("unsent", retry_unsent_total),        CAUSE("read_lost", retry_read_total),
    CAUSE("silent", retry_silent_total),
#undef CAUSE
};

void metrics_write_retries(struct sendq *to, const struct metrics_source *sources, size_t count)
{
    metrics_write_family(to, FAMILY_RETRIES);
    for (size_t pool = 0; pool < count; pool++) {
        for (size_t at = 0; at < ARRAY_LEN(causes); at++) {
            const struct metrics_label labels[] = {{"pool", sources[pool].pool},
                                                   {"cause", causes[at].cause}};

            metrics_write_count(to, metrics_family_of(FAMILY_RETRIES)->name, labels,
                                ARRAY_LEN(labels), metrics_sum(&sources[pool], causes[at].offset));
        }
    }
}
