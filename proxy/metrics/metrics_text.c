#include "proxy/metrics/metrics_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

struct family {
    const char *name;
    const char *type;
    const char *labels;
    const char *help;
};

static const struct family families[] = {
#define FAMILY(symbol, name, type, labels, help) [FAMILY_##symbol] = {name, type, labels, help},
#include "proxy/metrics/families.def"
};

/* How the values of several workers make one. */
enum sum { SUM_ALL, SUM_LOWEST };

/* Fields of struct metrics. */
static const struct field {
    struct family family;
    enum sum sum;
    size_t offset;
} fields[] = {
#define FIELD(name, type, sum, help)                                                               \
    {{"slotway_" #name, type, "pool", help}, sum, offsetof(struct metrics, name)},
#define COUNTER(name, help)      FIELD(name, "counter", SUM_ALL, help)
#define GAUGE(name, help)        FIELD(name, "gauge", SUM_ALL, help)
#define GAUGE_LOWEST(name, help) FIELD(name, "gauge", SUM_LOWEST, help)
#include "proxy/metrics/metrics.def"
#undef FIELD
};

/* Upper limits of the buckets of slotway_request_seconds. */
static const struct {
    uint64_t us;
    const char *seconds;
} request_buckets[] = {
    {100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},
    {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
    {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},
    {1000000, "1"},   {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"},
};

static void write_head(struct sendq *to, const struct family *family)
{
    sendq_print(to, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                family->type);
}

/* A label's value: backslash, quote and line feed are escaped. */
static void write_escaped(struct sendq *to, const char *value)
{
    for (; *value != '\0'; value++) {
        switch (*value) {
        case '\\': sendq_append(to, SPAN("\\\\")); break;
        case '"': sendq_append(to, SPAN("\\\"")); break;
        case '\n': sendq_append(to, SPAN("\\n")); break;
        default: sendq_append(to, (struct span){value, 1}); break;
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

/* Counts are written as the integers they are: a double would round the large ones. */
static void write_count(struct sendq *to, const char *name, const struct metrics_label *labels,
                        size_t count, uint64_t value)
{
    sendq_append(to, span_of(name));
    write_labels(to, labels, count);
    sendq_print(to, " %" PRIu64 "\n", value);
}

void metrics_write_family(struct sendq *to, enum metrics_family family)
{
    CHECK(family < FAMILY_COUNT);
    write_head(to, &families[family]);
}

void metrics_write_sample(struct sendq *to, enum metrics_family family,
                          const struct metrics_label *labels, size_t count, double value)
{
    CHECK(family < FAMILY_COUNT);
    sendq_append(to, span_of(families[family].name));
    write_labels(to, labels, count);
    sendq_print(to, " %.15g\n", value);
}

static uint64_t sum_field(const struct metrics_source *source, const struct field *field)
{
    uint64_t sum = 0;

    for (size_t worker = 0; worker < source->worker_count; worker++) {
        const char *base = (const char *)source->workers[worker];
        uint64_t value = metric_read((const metric *)(const void *)(base + field->offset));
        switch (field->sum) {
        case SUM_ALL: sum += value; break;
        case SUM_LOWEST: sum = worker == 0 || value < sum ? value : sum; break;
        }
    }
    return sum;
}

static void write_fields(struct sendq *to, const struct metrics_source *sources, size_t count)
{
    for (size_t at = 0; at < ARRAY_LEN(fields); at++) {
        write_head(to, &fields[at].family);
        for (size_t pool = 0; pool < count; pool++) {
            struct metrics_label label = {"pool", sources[pool].pool};
            write_count(to, fields[at].family.name, &label, 1,
                        sum_field(&sources[pool], &fields[at]));
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
            struct field field = {.offset = array->offset + at * sizeof(metric)};
            struct metrics_label labels[] = {{"pool", sources[pool].pool},
                                             {array->label, array->names[at]}};
            write_count(to, families[array->family].name, labels, ARRAY_LEN(labels),
                        sum_field(&sources[pool], &field));
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
    struct array_family arrays[] = {
        {FAMILY_DOWNSTREAM_CLOSED, "reason", offsetof(struct metrics, downstream_closed),
         ARRAY_LEN(reasons), reasons},
        {FAMILY_UPSTREAM_CLOSED, "reason", offsetof(struct metrics, upstream_closed),
         ARRAY_LEN(reasons), reasons},
        {FAMILY_ERROR_REPLIES, "error", offsetof(struct metrics, error_replies), errors->count,
         errors->names},
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
    struct metrics_label labels[] = {{"pool", source->pool}, {"le", "+Inf"}};
    char name[128];
    const char *family = families[histogram->family].name;

    merge(all, source, histogram->offset);

    uint64_t count = histogram_count(all);

    snprintf(name, sizeof name, "%s_bucket", family);
    for (size_t at = 0; at < ARRAY_LEN(request_buckets); at++) {
        struct metrics_label bucket[] = {labels[0], {"le", request_buckets[at].seconds}};
        write_count(to, name, bucket, ARRAY_LEN(bucket),
                    histogram_count_up_to(all, request_buckets[at].us));
    }
    write_count(to, name, labels, ARRAY_LEN(labels), count);
    sendq_print(to, "%s_sum", family);
    write_labels(to, labels, 1);
    sendq_print(to, " %.6f\n", (double)atomic_load(&all->sum) / US_PER_SECOND);
    snprintf(name, sizeof name, "%s_count", family);
    write_count(to, name, labels, 1, count);
    free(all);
}

static void write_histograms(struct sendq *to, const struct metrics_source *sources, size_t count)
{
    static const struct histogram_family histograms[] = {
        {FAMILY_REQUEST_SECONDS, offsetof(struct metrics, request_time)},
        {FAMILY_WAITING_SECONDS, offsetof(struct metrics, waiting_time)},
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

void metrics_print_help(FILE *to)
{
    for (size_t at = 0; at < ARRAY_LEN(fields); at++) {
        const struct family *family = &fields[at].family;
        fprintf(to, "%-44s %-9s %-13s %s\n", family->name, family->type, family->labels,
                family->help);
    }
    for (size_t at = 0; at < ARRAY_LEN(families); at++) {
        fprintf(to, "%-44s %-9s %-13s %s\n", families[at].name, families[at].type,
                families[at].labels, families[at].help);
    }
}

static void print_row(FILE *to, const struct family *family)
{
    fprintf(to, "| `%s` | %s | %s | %s |\n", family->name, family->type, family->labels,
            family->help);
}

static void print_reasons(FILE *to)
{
    fprintf(to, "\n## Reasons\n\n"
                "Values of the label `reason`.\n\n"
                "| reason | meaning |\n|---|---|\n");
    for (int reason = 0; reason < CLOSE_REASON_COUNT; reason++) {
        fprintf(to, "| `%s` | %s |\n", close_reason_name((enum close_reason)reason),
                close_reason_text((enum close_reason)reason));
    }
}

void metrics_print_help_markdown(FILE *to)
{
    fprintf(to,
            "# Metrics\n\n"
            "`/metrics` on the admin address serves these in the Prometheus text format. What\n"
            "several workers count is summed; of `slotway_topology_version` the lowest counts.\n"
            "This page is what `slotway --help-metrics=markdown` prints.\n\n"
            "| name | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t at = 0; at < ARRAY_LEN(fields); at++) {
        print_row(to, &fields[at].family);
    }
    for (size_t at = 0; at < ARRAY_LEN(families); at++) {
        print_row(to, &families[at]);
    }
    print_reasons(to);
}
