#include "proxy/routing/memory_stats.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_scan.h"
#include "common/resp_write.h"

enum {
    FIELDS_MAX = 512, /* a server has some forty */
    DEPTH = 2,        /* of databases, in the whole */
};

enum kind { WHOLE, FRACTION, FIELDS, OTHER };

struct fields {
    struct field *items;
    size_t count;
};

struct field {
    struct span name;
    enum kind kind;
    int64_t whole;
    double sum; /* FRACTION: of so many nodes */
    uint32_t nodes;
    struct fields fields;
    struct span other;
};

struct memory_stats {
    struct fields fields;
};

/* scale * (a + b - c) / (d - e). A name that the nodes do not say counts as 0. */
static const struct ratio {
    const char *name;
    int scale;
    const char *above[3];
    const char *below[2];
} ratios[] = {
    {"keys.bytes-per-key", 1, {"total.allocated", NULL, "startup.allocated"}, {"keys.count", NULL}},
    {"dataset.percentage",
     100,
     {"dataset.bytes", NULL, NULL},
     {"total.allocated", "startup.allocated"}},
    {"peak.percentage", 100, {"total.allocated", NULL, NULL}, {"peak.allocated", NULL}},
    {"allocator-fragmentation.ratio",
     1,
     {"allocator.active", NULL, NULL},
     {"allocator.allocated", NULL}},
    {"allocator-rss.ratio", 1, {"allocator.resident", NULL, NULL}, {"allocator.active", NULL}},
    {"rss-overhead.ratio",
     1,
     {"allocator.resident", "rss-overhead.bytes", NULL},
     {"allocator.resident", NULL}},
    {"fragmentation",
     1,
     {"total.allocated", "fragmentation.bytes", NULL},
     {"total.allocated", NULL}},
};

static void fields_clear(struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        fields_clear(&fields->items[i].fields);
    }
    free(fields->items);
}

struct memory_stats *memory_stats_new(void)
{
    return memory_new(1, sizeof(struct memory_stats));
}

void memory_stats_free(struct memory_stats **stats)
{
    struct memory_stats *gone = *stats;

    *stats = NULL;
    fields_clear(&gone->fields);
    free(gone);
}

static struct field *fields_find(const struct fields *fields, struct span name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (span_equal(fields->items[i].name, name)) {
            return &fields->items[i];
        }
    }
    return NULL;
}

static enum kind kind_of(struct span value, int depth)
{
    int64_t number;
    double fraction;
    size_t first;

    if (reply_integer(value, &number)) {
        return WHOLE;
    }
    if (reply_double(value, &fraction)) {
        return FRACTION;
    }
    return depth > 1 && reply_map_open(value, &number, &first) ? FIELDS : OTHER;
}

/* NULL: there are too many. */
static struct field *fields_make(struct fields *fields, struct span name, enum kind kind)
{
    if (fields->count == FIELDS_MAX) {
        return NULL;
    }
    if ((fields->count & (fields->count - 1)) == 0) {
        fields->items = memory_resize(fields->items, fields->count == 0 ? 1 : fields->count * 2,
                                      sizeof *fields->items);
    }

    struct field *field = &fields->items[fields->count++];

    *field = (struct field){.name = name, .kind = kind};
    return field;
}

static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT64_MIN : INT64_MAX) : sum;
}

static bool fields_add(struct fields *fields, struct span reply, int depth);

/* What is of another kind than at the node before is left out. */
static bool field_add(struct field *field, struct span value, int depth)
{
    int64_t whole;
    double fraction;

    switch (field->kind) {
    case WHOLE:
        if (reply_integer(value, &whole)) {
            field->whole = add(field->whole, whole);
        }
        return true;
    case FRACTION:
        if (reply_double(value, &fraction)) {
            field->sum += fraction;
            field->nodes++;
        }
        return true;
    case FIELDS:
        return kind_of(value, depth) != FIELDS || fields_add(&field->fields, value, depth - 1);
    case OTHER:
        if (field->other.size == 0) {
            field->other = value;
        }
        return true;
    }
    return true;
}

static bool fields_add(struct fields *fields, struct span reply, int depth)
{
    struct span reply_name;
    struct span value;
    struct span name;
    int64_t pairs;
    size_t first;

    if (!reply_map_open(reply, &pairs, &first)) {
        return false;
    }

    struct span rest = {reply.at + first, reply.size - first};

    while (pairs-- > 0) {
        if (!reply_take(&rest, &reply_name) || !reply_string(reply_name, &name) ||
            !reply_take(&rest, &value)) {
            return false;
        }

        struct field *field = fields_find(fields, name);

        if (field == NULL) {
            field = fields_make(fields, name, kind_of(value, depth));
        }
        if (field == NULL || !field_add(field, value, depth)) {
            return false;
        }
    }
    return true;
}

bool memory_stats_add(struct memory_stats *stats, struct span reply)
{
    return fields_add(&stats->fields, reply, DEPTH);
}

static double number_of(const struct fields *fields, const char *name)
{
    const struct field *field = name == NULL ? NULL : fields_find(fields, span_of(name));

    return field == NULL || field->kind != WHOLE ? 0 : (double)field->whole;
}

static double ratio_of(const struct fields *fields, const struct ratio *ratio)
{
    double above = number_of(fields, ratio->above[0]) + number_of(fields, ratio->above[1]) -
                   number_of(fields, ratio->above[2]);
    double below = number_of(fields, ratio->below[0]) - number_of(fields, ratio->below[1]);

    return below > 0 && above > 0 ? ratio->scale * above / below : 0;
}

/* None is below 0. */
static int64_t whole_ratio_of(const struct fields *fields, const struct ratio *ratio)
{
    double number = ratio_of(fields, ratio);

    return number < (double)INT64_MAX ? (int64_t)number : INT64_MAX;
}

static const struct ratio *find_ratio(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(ratios); i++) {
        if (span_equal(name, span_of(ratios[i].name))) {
            return &ratios[i];
        }
    }
    return NULL;
}

static void fields_write(const struct fields *fields, struct sendq *to);

static void field_write(const struct fields *fields, const struct field *field, struct sendq *to)
{
    const struct ratio *ratio = find_ratio(field->name);

    resp_write_bulk(to, field->name);
    switch (field->kind) {
    case WHOLE:
        resp_write_integer(to, ratio == NULL ? field->whole : whole_ratio_of(fields, ratio));
        return;
    case FRACTION:
        resp_write_double(to, ratio == NULL ? field->sum / (field->nodes == 0 ? 1 : field->nodes)
                                            : ratio_of(fields, ratio));
        return;
    case FIELDS: fields_write(&field->fields, to); return;
    case OTHER: sendq_append(to, field->other); return;
    }
}

static void fields_write(const struct fields *fields, struct sendq *to)
{
    resp_write_map(to, fields->count);
    for (size_t i = 0; i < fields->count; i++) {
        field_write(fields, &fields->items[i], to);
    }
}

void memory_stats_write(const struct memory_stats *stats, struct sendq *to)
{
    fields_write(&stats->fields, to);
}
