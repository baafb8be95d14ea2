#include "proxy/downstream/prefixes.h"

#include <stdlib.h>

#include "common/memory.h"

struct said_prefix {
    struct span prefix;
    size_t index;
};

int prefix_compare(const void *a, const void *b)
{
    const struct span *one = a;
    const struct span *other = b;
    int order = memcmp(one->at, other->at, size_min(one->size, other->size));

    return order != 0 ? order : (one->size > other->size) - (one->size < other->size);
}

static int said_compare(const void *a, const void *b)
{
    const struct said_prefix *one = a;
    const struct said_prefix *other = b;

    return prefix_compare(&one->prefix, &other->prefix);
}

static bool do_overlap(struct span a, struct span b)
{
    return span_starts_with(a, b) || span_starts_with(b, a);
}

/* How many of `kept` stand before `prefix`. */
static size_t count_before(const struct span *kept, size_t count, struct span prefix)
{
    size_t from = 0;

    while (from < count) {
        size_t middle = from + (count - from) / 2;

        if (prefix_compare(&kept[middle], &prefix) < 0) {
            from = middle + 1;
        } else {
            count = middle;
        }
    }
    return from;
}

/* The first of `kept` that overlaps with `prefix`. But for an empty one they do not overlap among
 * each other: that can only be a neighbour. */
static const struct span *kept_overlap(const struct span *kept, size_t count, struct span prefix)
{
    size_t at = count_before(kept, count, prefix);

    if (count > 0 && kept[0].size == 0) {
        return &kept[0];
    }
    if (at > 0 && do_overlap(kept[at - 1], prefix)) {
        return &kept[at - 1];
    }
    return at < count && do_overlap(kept[at], prefix) ? &kept[at] : NULL;
}

/* The first that overlaps with another, as an index; `count`: none. In order, those that begin with
 * one stand right behind it. */
static size_t first_of_two(const struct span *said, size_t count)
{
    struct said_prefix *sorted = memory_new(count + 1, sizeof *sorted);
    const struct said_prefix *root = sorted;
    size_t first = count;

    for (size_t i = 0; i < count; i++) {
        sorted[i] = (struct said_prefix){said[i], i};
    }
    qsort(sorted, count, sizeof *sorted, said_compare);
    for (size_t i = 1; i < count; i++) {
        if (span_starts_with(sorted[i].prefix, root->prefix)) {
            first = size_min(first, size_min(sorted[i].index, root->index));
        } else {
            root = &sorted[i];
        }
    }
    free(sorted);
    return first;
}

bool prefixes_overlap(const struct span *kept, size_t kept_count, const struct span *said,
                      size_t said_count, struct overlap *overlap)
{
    size_t first = first_of_two(said, said_count);

    for (size_t i = 0; i < said_count && i <= first; i++) {
        const struct span *other = kept_overlap(kept, kept_count, said[i]);

        if (other != NULL) {
            *overlap = (struct overlap){said[i], *other, true};
            return true;
        }
    }
    for (size_t i = first + 1; i < said_count; i++) {
        if (do_overlap(said[first], said[i])) {
            *overlap = (struct overlap){said[first], said[i], false};
            return true;
        }
    }
    return false;
}
