/* metrics_parts.h - what the files that write metrics as text share. Internal to the folder.
 */
#ifndef PROXY_METRICS_METRICS_PARTS_H
#define PROXY_METRICS_METRICS_PARTS_H

#include "proxy/metrics/metrics_text.h"

struct family {
    const char *name;
    const char *type;
    const char *labels;
    const char *help;
};

/* That row of families.def. */
const struct family *metrics_family_of(enum metrics_family family);

/* HELP and TYPE. */
void metrics_write_head(struct sendq *to, const struct family *family);

/* A sample of what was counted: an integer as it is, where a double would round the large ones. */
void metrics_write_count(struct sendq *to, const char *name, const struct metrics_label *labels,
                         size_t count, uint64_t value);

/* A sample of anything else, to six places. */
void metrics_write_number(struct sendq *to, const char *name, const struct metrics_label *labels,
                          size_t count, double value);

/* Which buckets of steps.h are told, and as what. */
struct metrics_steps {
    enum metrics_family family;
    enum metrics_unit unit;
    uint32_t first;
    uint32_t last;
    uint32_t stride;
};

/* One histogram of the family. */
void metrics_write_steps(struct sendq *to, const struct metrics_steps *steps,
                         const struct metrics_label *labels, size_t count,
                         const struct steps_total *total);

/* Counts and gauges that there are for each pool, by the numbers of metrics_fields.h. */
const struct family *metrics_field_family(size_t number);

/* Counts and gauges that there are for each node. */
const struct family *metrics_node_families(size_t *count);

#endif
