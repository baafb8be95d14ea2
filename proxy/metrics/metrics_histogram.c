#include <inttypes.h>
#include <stdio.h>

#include "common/check.h"
#include "proxy/metrics/metrics_parts.h"

enum { NAME_SIZE = 128, LIMIT_SIZE = 32 };

/* "0.0001", "2.5", "10": a limit as it is in the label. */
static void limit_print(uint64_t limit, enum metrics_unit unit, char text[LIMIT_SIZE])
{
    switch (unit) {
    case UNIT_SECONDS:
        snprintf(text, LIMIT_SIZE, "%" PRIu64 ".%06" PRIu64, limit / US_PER_SECOND,
                 limit % US_PER_SECOND);
        for (size_t end = strlen(text) - 1; text[end] == '0' || text[end] == '.'; end--) {
            bool is_point = text[end] == '.';

            text[end] = '\0';
            if (is_point) {
                return;
            }
        }
        return;
    case UNIT_BYTES: snprintf(text, LIMIT_SIZE, "%" PRIu64, limit); return;
    }
}

static void write_sum(struct sendq *to, const char *name, const struct metrics_histogram *histogram)
{
    switch (histogram->unit) {
    case UNIT_SECONDS:
        metrics_write_number(to, name, histogram->labels, histogram->label_count,
                             (double)histogram->sum / US_PER_SECOND);
        return;
    case UNIT_BYTES:
        metrics_write_count(to, name, histogram->labels, histogram->label_count, histogram->sum);
        return;
    }
}

void metrics_write_histogram(struct sendq *to, enum metrics_family family,
                             const struct metrics_histogram *histogram)
{
    const char *base = metrics_family_of(family)->name;
    size_t count = histogram->label_count;
    struct metrics_label labels[METRICS_LABELS_MAX + 1];
    char name[NAME_SIZE];
    char limit[LIMIT_SIZE] = "+Inf";

    CHECK(count <= METRICS_LABELS_MAX);
    for (size_t i = 0; i < count; i++) {
        labels[i] = histogram->labels[i];
    }
    labels[count] = (struct metrics_label){"le", limit};
    snprintf(name, sizeof name, "%s_bucket", base);
    for (size_t i = 0; i < histogram->limit_count; i++) {
        limit_print(histogram->limits[i], histogram->unit, limit);
        metrics_write_count(to, name, labels, count + 1, histogram->counts[i]);
    }
    snprintf(limit, sizeof limit, "+Inf");
    metrics_write_count(to, name, labels, count + 1, histogram->all);
    snprintf(name, sizeof name, "%s_sum", base);
    write_sum(to, name, histogram);
    snprintf(name, sizeof name, "%s_count", base);
    metrics_write_count(to, name, labels, count, histogram->all);
}

void metrics_write_steps(struct sendq *to, const struct metrics_steps *steps,
                         const struct metrics_label *labels, size_t count,
                         const struct steps_total *total)
{
    uint64_t limits[STEPS];
    uint64_t counts[STEPS];
    size_t limit_count = 0;

    for (uint32_t i = steps->first; i <= steps->last; i += steps->stride) {
        limits[limit_count] = steps_limit(i);
        counts[limit_count++] = steps_count_up_to(total, i);
    }
    metrics_write_histogram(to, steps->family,
                            &(struct metrics_histogram){
                                .labels = labels,
                                .label_count = count,
                                .limits = limits,
                                .counts = counts,
                                .limit_count = limit_count,
                                .all = steps_count(total),
                                .sum = total->sum,
                                .unit = steps->unit,
                            });
}
