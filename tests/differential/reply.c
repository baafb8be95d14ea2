#include "tests/differential/reply.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/resp.h"

static void parts_add(struct parts *parts, struct span item)
{
    if (parts->count == parts->capacity) {
        parts->capacity = size_max(16, 2 * parts->capacity);
        parts->items = memory_resize(parts->items, parts->capacity, sizeof *parts->items);
    }
    parts->items[parts->count++] = item;
}

static bool is_aggregate(struct span reply)
{
    return reply.size > 0 && memchr("*~>%", reply.at[0], 4) != NULL;
}

/* What follows the first line. */
static struct span behind_line(struct span reply)
{
    const char *end = memmem(reply.at, reply.size, "\r\n", 2);

    CHECK(end != NULL);
    size_t line = (size_t)(end - reply.at) + 2;
    return (struct span){reply.at + line, reply.size - line};
}

bool reply_elements(struct span reply, struct parts *elements)
{
    if (!is_aggregate(reply) || reply.at[1] == '-') {
        return false;
    }
    for (struct span rest = behind_line(reply); rest.size > 0;) {
        size_t size = resp_reply_size(rest);
        CHECK(size > 0);
        parts_add(elements, (struct span){rest.at, size});
        rest = (struct span){rest.at + size, rest.size - size};
    }
    return true;
}

/* Walks over types: `leaf` bytes of a value, or the line of an aggregate. */
static struct span next_part(struct span *rest)
{
    size_t size =
        is_aggregate(*rest) ? (size_t)(behind_line(*rest).at - rest->at) : resp_reply_size(*rest);
    struct span part = {rest->at, size};

    CHECK(size > 0);
    *rest = (struct span){rest->at + size, rest->size - size};
    return part;
}

void reply_leaves(struct span reply, struct parts *leaves)
{
    while (reply.size > 0) {
        struct span part = next_part(&reply);
        if (!is_aggregate(part)) {
            parts_add(leaves, part);
        }
    }
}

static bool is_null(struct span part)
{
    return part.at[0] == '_' || part.at[1] == '-';
}

bool reply_same_shape(struct span a, struct span b)
{
    while (a.size > 0 && b.size > 0) {
        struct span left = next_part(&a);
        struct span right = next_part(&b);
        bool same = left.at[0] == right.at[0];
        if (is_aggregate(left)) {
            same = same && span_equal(left, right);
        } else if (left.at[0] == '$') {
            same = same && is_null(left) == is_null(right);
        } else if (left.at[0] == '-') {
            same = span_equal(left, right);
        }
        if (!same) {
            return false;
        }
    }
    return a.size == b.size;
}

bool reply_number(struct span reply, int64_t *number)
{
    return reply.size > 3 && reply.at[0] == ':' &&
           span_to_int64((struct span){reply.at + 1, reply.size - 3}, number);
}

bool reply_is_error(struct span reply)
{
    return reply.size > 0 && (reply.at[0] == '-' || reply.at[0] == '!');
}

void parts_clear(struct parts *parts)
{
    free(parts->items);
    *parts = (struct parts){0};
}
