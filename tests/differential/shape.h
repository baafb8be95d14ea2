/* shape.h - the rows of groups.def and shapes.def. Constant. */
#ifndef TESTS_DIFFERENTIAL_SHAPE_H
#define TESTS_DIFFERENTIAL_SHAPE_H

#include "common/span.h"

enum group_id {
#define GROUP(symbol, ...) GROUP_##symbol,
#include "tests/differential/groups.def"
    GROUP_COUNT,
};

enum group_kind {
    GROUP_KIND_DATA,      /* may stand in a transaction */
    GROUP_KIND_PLAIN,     /* may be changed by chance */
    GROUP_KIND_NO_ERRORS, /* neither */
};

struct group {
    const char *name;
    uint32_t weight;
    enum group_kind kind;
    const char *probe; /* a shape's text; empty when it is always there */
};

struct shape {
    enum group_id group;
    const char *text;
};

/* A bit for each group. */
#define GROUPS_ALL ((1u << GROUP_COUNT) - 1)

/* Its row. */
const struct group *group_of(enum group_id id);

/* GROUP_COUNT when there is none of that name. */
enum group_id group_by_name(struct span name);

/* All rows of shapes.def. */
const struct shape *shapes_all(size_t *count);

#endif
