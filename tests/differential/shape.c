#include "tests/differential/shape.h"

static const struct group groups[] = {
#define GROUP(symbol, name, weight, kind, probe) {(name), (weight), GROUP_KIND_##kind, (probe)},
#include "tests/differential/groups.def"
};

static const struct shape shapes[] = {
#define SHAPE(group, text) {GROUP_##group, (text)},
#include "tests/differential/shapes.def"
};

const struct group *group_of(enum group_id id)
{
    return &groups[id];
}

enum group_id group_by_name(struct span name)
{
    enum group_id id = 0;

    while (id < GROUP_COUNT && !span_equal(span_of(groups[id].name), name)) {
        id++;
    }
    return id;
}

const struct shape *shapes_all(size_t *count)
{
    *count = ARRAY_LEN(shapes);
    return shapes;
}
