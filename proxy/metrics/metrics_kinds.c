#include <stddef.h>

#include "common/check.h"
#include "proxy/metrics/metrics_parts.h"

/* 32 us to 16 s, and 64 bytes to 256 MiB. */
static const struct kind_family {
    struct metrics_steps steps;
    size_t offset;
} kind_families[] = {
    {{FAMILY_QUEUE_SECONDS, UNIT_SECONDS, 5, 24, 1}, offsetof(struct kind_metrics, queue_time)},
    {{FAMILY_BACKEND_SECONDS, UNIT_SECONDS, 5, 24, 1}, offsetof(struct kind_metrics, backend_time)},
    {{FAMILY_REQUEST_BYTES, UNIT_BYTES, 6, 28, 2}, offsetof(struct kind_metrics, request_bytes)},
    {{FAMILY_REPLY_BYTES, UNIT_BYTES, 6, 28, 2}, offsetof(struct kind_metrics, reply_bytes)},
};

static struct steps_total total_of(const struct metrics_source *source, size_t kind, size_t offset)
{
    struct steps_total total = {.sum = 0};

    for (size_t worker = 0; worker < source->worker_count; worker++) {
        const char *metrics = (const char *)&source->workers[worker]->kinds[kind];

        steps_add_to((const struct steps *)(const void *)(metrics + offset), &total);
    }
    return total;
}

static void write_family(struct sendq *to, const struct kind_family *family,
                         const struct metrics_source *source, const struct metrics_kinds *kinds)
{
    for (size_t kind = 0; kind < kinds->count; kind++) {
        const struct metrics_label labels[] = {{"pool", source->pool},
                                               {"kind", kinds->names[kind]}};
        struct steps_total total = total_of(source, kind, family->offset);

        metrics_write_steps(to, &family->steps, labels, ARRAY_LEN(labels), &total);
    }
}

void metrics_write_kinds(struct sendq *to, const struct metrics_source *sources, size_t count,
                         const struct metrics_kinds *kinds)
{
    CHECK(kinds->count <= METRICS_COMMAND_KINDS);
    for (size_t at = 0; at < ARRAY_LEN(kind_families); at++) {
        metrics_write_family(to, kind_families[at].steps.family);
        for (size_t pool = 0; pool < count; pool++) {
            write_family(to, &kind_families[at], &sources[pool], kinds);
        }
    }
}
