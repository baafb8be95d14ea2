#include "proxy/metrics/metrics_fields.h"

#include <stddef.h>

#include "common/check.h"
#include "proxy/metrics/metrics_parts.h"

/* How the values of several workers make one. */
enum sum { SUM_ALL, SUM_LOWEST };

static const struct field {
    const char *name;
    struct family family;
    enum sum sum;
    size_t offset;
} fields[] = {
#define FIELD(name, type, sum, help)                                                               \
    {#name, {"slotway_" #name, type, "pool", help}, sum, offsetof(struct metrics, name)},
#define COUNTER(name, help)      FIELD(name, "counter", SUM_ALL, help)
#define GAUGE(name, help)        FIELD(name, "gauge", SUM_ALL, help)
#define GAUGE_LOWEST(name, help) FIELD(name, "gauge", SUM_LOWEST, help)
#include "proxy/metrics/metrics.def"
#undef FIELD
};

size_t metrics_field_count(void)
{
    return ARRAY_LEN(fields);
}

const char *metrics_field_name(size_t number)
{
    CHECK(number < ARRAY_LEN(fields));
    return fields[number].name;
}

const struct family *metrics_field_family(size_t number)
{
    CHECK(number < ARRAY_LEN(fields));
    return &fields[number].family;
}

static uint64_t read_at(const struct metrics *metrics, size_t offset)
{
    return metric_read((const metric *)(const void *)((const char *)metrics + offset));
}

uint64_t metrics_sum(const struct metrics_source *source, size_t offset)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < source->worker_count; i++) {
        sum += read_at(source->workers[i], offset);
    }
    return sum;
}

static uint64_t metrics_lowest(const struct metrics_source *source, size_t offset)
{
    uint64_t lowest = UINT64_MAX;

    for (size_t i = 0; i < source->worker_count; i++) {
        uint64_t value = read_at(source->workers[i], offset);

        lowest = value < lowest ? value : lowest;
    }
    return source->worker_count == 0 ? 0 : lowest;
}

uint64_t metrics_field_value(const struct metrics_source *source, size_t number)
{
    CHECK(number < ARRAY_LEN(fields));

    const struct field *field = &fields[number];

    switch (field->sum) {
    case SUM_ALL: return metrics_sum(source, field->offset);
    case SUM_LOWEST: return metrics_lowest(source, field->offset);
    }
    return 0;
}
