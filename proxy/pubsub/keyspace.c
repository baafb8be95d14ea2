#include "proxy/pubsub/keyspace.h"

#include "common/base.h"

static const struct {
    struct span start;
    enum keyspace_kind kind;
} rows[] = {
    {{"__keyspace@", 11}, KEYSPACE_KEY},
    {{"__keyevent@", 11}, KEYSPACE_EVENT},
};

static struct span span_behind(struct span span, size_t size)
{
    return (struct span){span.at + size, span.size - size};
}

static size_t count_digits(struct span span)
{
    size_t count = 0;

    while (count < span.size && span.at[count] >= '0' && span.at[count] <= '9') {
        count++;
    }
    return count;
}

enum keyspace_kind keyspace_of(struct span channel, struct span *rest)
{
    static const struct span end = {"__:", 3};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!span_starts_with(channel, rows[i].start)) {
            continue;
        }

        struct span number = span_behind(channel, rows[i].start.size);
        size_t digits = count_digits(number);
        struct span tail = span_behind(number, digits);

        if (digits > 0 && span_starts_with(tail, end)) {
            *rest = span_behind(tail, end.size);
            return rows[i].kind;
        }
    }
    return KEYSPACE_NONE;
}

/* What any match of the pattern begins with. */
static struct span literal_start(struct span pattern)
{
    size_t size = 0;

    while (size < pattern.size && memchr("*?[\\", pattern.at[size], 4) == NULL) {
        size++;
    }
    return (struct span){pattern.at, size};
}

bool keyspace_may_match(struct span pattern)
{
    struct span literal = literal_start(pattern);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (span_starts_with(literal, rows[i].start) || span_starts_with(rows[i].start, literal)) {
            return true;
        }
    }
    return false;
}
