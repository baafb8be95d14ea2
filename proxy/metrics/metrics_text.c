#include "proxy/metrics/metrics_parts.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

static const struct family families[] = {
#define FAMILY(symbol, name, type, labels, help) [FAMILY_##symbol] = {name, type, labels, help},
#include "proxy/metrics/families.def"
};

/* Upper limits of the buckets of slotway_request_seconds, in microseconds. */
static const uint64_t request_limits[] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

void metrics_write_head(struct sendq *to, const struct family *family)
{
    sendq_print(to, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                family->type);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void write_escaped(struct sendq *to, const char *value)
{
    for (size_t plain; *value != '\0'; value++) {
        plain = strcspn(value, "\\\"\n");
        sendq_append(to, (struct span){value, plain});
        value += plain;
        switch (*value) {
        case '\\': sendq_append(to, SPAN("\\\\")); break;
        case '"': sendq_append(to, SPAN("\\\"")); break;
        case '\n': sendq_append(to, SPAN("\\n")); break;
        default: return;
        }
    }
}

static void write_labels(struct sendq *to, const struct metrics_label *labels, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        sendq_print(to, "%c%s=\"", at == 0 ? '{' : ',', labels[at].name);
        write_escaped(to, labels[at].value);
        sendq_append(to, SPAN("\""));
    }
    if (count > 0) {
        sendq_append(to, SPAN("}"));
    }
}

void metrics_write_count(struct sendq *to, const char *name, const struct metrics_label *labels,
                         size_t count, uint64_t value)
{
    sendq_append(to, span_of(name));
    write_labels(to, labels, count);
    sendq_print(to, " %" PRIu64 "\n", value);
}

void metrics_write_number(struct sendq *to, const char *name, const struct metrics_label *labels,
                          size_t count, double value)
{
    sendq_append(to, span_of(name));
    write_labels(to, labels, count);
    sendq_print(to, " %.6f\n", value);
}

void metrics_write_family(struct sendq *to, enum metrics_family family)
{
    CHECK(family < FAMILY_COUNT);
    metrics_write_head(to, &families[family]);
}

void metrics_write_sample(struct sendq *to, enum metrics_family family,
                          const struct metrics_label *labels, size_t count, double value)
{
    CHECK(family < FAMILY_COUNT);
    sendq_append(to, span_of(families[family].name));
    write_labels(to, labels, count);
    sendq_print(to, " %.15g\n", value);
}

const struct family *metrics_family_of(enum metrics_family family)
{
    CHECK(family < FAMILY_COUNT);
    return &families[family];
}

static void write_fields(struct sendq *to, const struct metrics_source *sources, size_t count)
{
    for (size_t at = 0; at < metrics_field_count(); at++) {
        const struct family *family = metrics_field_family(at);

        metrics_write_head(to, family);
        for (size_t pool = 0; pool < count; pool++) {
            struct metrics_label label = {"pool", sources[pool].pool};
            metrics_write_count(to, family->name, &label, 1,
                                metrics_field_value(&sources[pool], at));
        }
    }
}

/* A family with one sample per element of an array in struct metrics. */
struct array_family {
    enum metrics_family family;
    const char *label;
    size_t offset;
    size_t count;
    const char *const *names;
};

static void write_array(struct sendq *to, const struct metrics_source *sources, size_t count,
                        const struct array_family *array)
{
    metrics_write_family(to, array->family);
    for (size_t pool = 0; pool < count; pool++) {
        for (size_t at = 0; at < array->count; at++) {
            struct metrics_label labels[] = {{"pool", sources[pool].pool},
                                             {array->label, array->names[at]}};
            metrics_write_count(to, families[array->family].name, labels, ARRAY_LEN(labels),
                                metrics_sum(&sources[pool], array->offset + at * sizeof(metric)));
        }
    }
}

static void write_arrays(struct sendq *to, const struct metrics_source *sources, size_t count,
                         const struct metrics_errors *errors)
{
    static const char *const reasons[] = {
#define CLOSE_REASON(symbol, name, is_error, text) [CLOSE_##symbol] = name,
#include "proxy/metrics/close_reasons.def"
    };
    static const char *const codes[] = {
#define NODE_ERROR(symbol, code, help) [NODE_ERROR_##symbol] = code,
#include "proxy/metrics/node_errors.def"
    };
    struct array_family arrays[] = {
        {FAMILY_DOWNSTREAM_CLOSED, "reason", offsetof(struct metrics, downstream_closed),
         ARRAY_LEN(reasons), reasons},
        {FAMILY_UPSTREAM_CLOSED, "reason", offsetof(struct metrics, upstream_closed),
         ARRAY_LEN(reasons), reasons},
        {FAMILY_ERROR_REPLIES, "error", offsetof(struct metrics, error_replies), errors->count,
         errors->names},
        {FAMILY_NODE_ERRORS, "error", offsetof(struct metrics, node_errors), ARRAY_LEN(codes),
         codes},
    };

    for (size_t at = 0; at < ARRAY_LEN(arrays); at++) {
        write_array(to, sources, count, &arrays[at]);
    }
}

/* A family with a histogram of each pool, at `offset` in struct metrics. */
struct histogram_family {
    enum metrics_family family;
    size_t offset;
};

static void merge(struct histogram *all, const struct metrics_source *source, size_t offset)
{
    for (size_t worker = 0; worker < source->worker_count; worker++) {
        const char *metrics = (const char *)source->workers[worker];

        histogram_merge(all, (const struct histogram *)(metrics + offset));
    }
}

static void write_histogram(struct sendq *to, const struct metrics_source *source,
                            const struct histogram_family *histogram)
{
    struct histogram *all = memory_new(1, sizeof *all);
    const struct metrics_label label = {"pool", source->pool};
    uint64_t counts[ARRAY_LEN(request_limits)];

    merge(all, source, histogram->offset);
    for (size_t at = 0; at < ARRAY_LEN(request_limits); at++) {
        counts[at] = histogram_count_up_to(all, request_limits[at]);
    }
    metrics_write_histogram(to, histogram->family,
                            &(struct metrics_histogram){
                                .labels = &label,
                                .label_count = 1,
                                .limits = request_limits,
                                .counts = counts,
                                .limit_count = ARRAY_LEN(request_limits),
                                .all = histogram_count(all),
                                .sum = atomic_load(&all->sum),
                            });
    free(all);
}

static void write_histograms(struct sendq *to, const struct metrics_source *sources, size_t count)
{
    static const struct histogram_family histograms[] = {
        {FAMILY_REQUEST_SECONDS, offsetof(struct metrics, request_time)},
        {FAMILY_WAITING_SECONDS, offsetof(struct metrics, waiting_time)},
        {FAMILY_BLOCKED_SECONDS, offsetof(struct metrics, blocked_time)},
    };

    for (size_t at = 0; at < ARRAY_LEN(histograms); at++) {
        metrics_write_family(to, histograms[at].family);
        for (size_t pool = 0; pool < count; pool++) {
            write_histogram(to, &sources[pool], &histograms[at]);
        }
    }
}

void metrics_write_sources(struct sendq *to, const struct metrics_source *sources, size_t count,
                           const struct metrics_errors *errors)
{
    CHECK(errors->count <= METRICS_ERROR_KINDS);
    write_fields(to, sources, count);
    write_arrays(to, sources, count, errors);
    write_histograms(to, sources, count);
}
