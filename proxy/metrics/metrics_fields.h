/* metrics_fields.h - the rows of metrics.def for those who tell all of them, and what the workers
 * of a pool have counted together. Any thread.
 */
#ifndef PROXY_METRICS_METRICS_FIELDS_H
#define PROXY_METRICS_METRICS_FIELDS_H

#include "proxy/metrics/metrics.h"

/* One pool: what its workers counted. */
struct metrics_source {
    const char *pool;
    const struct metrics *const *workers;
    size_t worker_count;
    size_t nodes_max; /* that have metrics of their own */
};

/* Rows are numbered in their order; a name is that in metrics.def, without slotway_. */
size_t metrics_field_count(void);
const char *metrics_field_name(size_t number);

/* Of a count the sum over the workers, of a few gauges the least. */
uint64_t metrics_field_value(const struct metrics_source *source, size_t number);

/* The sum over the workers of the metric at `offset` in struct metrics. */
uint64_t metrics_sum(const struct metrics_source *source, size_t offset);

#endif
