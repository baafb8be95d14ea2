/* metrics_text.h - metrics as text: the Prometheus exposition format, and help for people.
 *
 *      # HELP slotway_retry_read_total reads sent again …       metrics_write_family
 *      # TYPE slotway_retry_read_total counter
 *      slotway_retry_read_total{pool="main"} 3                  metrics_write_sample
 *
 * All samples of a family follow its two lines. Any thread that may use the sendq.
 */
#ifndef PROXY_METRICS_METRICS_TEXT_H
#define PROXY_METRICS_METRICS_TEXT_H

#include <stdio.h>

#include "common/sendq.h"
#include "proxy/metrics/metrics_fields.h"

enum metrics_family {
#define FAMILY(symbol, name, type, labels, help) FAMILY_##symbol,
#include "proxy/metrics/families.def"
    FAMILY_COUNT,
};

struct metrics_label {
    const char *name;
    const char *value; /* any text; it is escaped */
};

/* Names of error replies in the order of `struct metrics`.error_replies. */
struct metrics_errors {
    const char *const *names;
    size_t count; /* at most METRICS_ERROR_KINDS */
};

/* Everything that workers count, summed over the workers of each pool. */
void metrics_write_sources(struct sendq *to, const struct metrics_source *sources, size_t count,
                           const struct metrics_errors *errors);

/* What the kernel knows of this process, the version, the number of workers, and the clock_wall()
 * at which it `started`. */
void metrics_write_process(struct sendq *to, uint64_t started, uint32_t workers);

/* HELP and TYPE of a family whose samples the caller writes next. */
void metrics_write_family(struct sendq *to, enum metrics_family family);

/* One sample; `labels` may be NULL when `count` is 0. */
void metrics_write_sample(struct sendq *to, enum metrics_family family,
                          const struct metrics_label *labels, size_t count, double value);

/* In what a histogram counts; times are kept in microseconds and told in seconds. */
enum metrics_unit { UNIT_SECONDS, UNIT_BYTES };

/* The samples of one histogram: how many values are at most limits[i], for each of them. */
struct metrics_histogram {
    const struct metrics_label *labels; /* at most METRICS_LABELS_MAX */
    size_t label_count;
    const uint64_t *limits;
    const uint64_t *counts;
    size_t limit_count;
    uint64_t all; /* with those above the last limit */
    uint64_t sum;
    enum metrics_unit unit;
};

enum { METRICS_LABELS_MAX = 3 };

/* Samples of a family whose two lines are there. */
void metrics_write_histogram(struct sendq *to, enum metrics_family family,
                             const struct metrics_histogram *histogram);

/* Names of kinds of commands in the order of `struct metrics`.kinds. */
struct metrics_kinds {
    const char *const *names;
    size_t count; /* at most METRICS_COMMAND_KINDS */
};

/* What samples tell of each kind of command. */
void metrics_write_kinds(struct sendq *to, const struct metrics_source *sources, size_t count,
                         const struct metrics_kinds *kinds);

/* What is counted for each node. A pool with more of them than its `nodes_max` is left out. */
void metrics_write_nodes(struct sendq *to, const struct metrics_source *sources, size_t count);

/* Requests sent again, by cause. */
void metrics_write_retries(struct sendq *to, const struct metrics_source *sources, size_t count);

/* All metrics with their help: --help-metrics as aligned text, or docs/metrics.md. */
void metrics_print_help(FILE *to);
void metrics_print_help_markdown(FILE *to);

#endif
