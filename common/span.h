/* span.h - pointer and length into bytes that somebody else owns. */
#ifndef COMMON_SPAN_H
#define COMMON_SPAN_H

#include <string.h>

#include "common/base.h"

struct span {
    const char *at;
    size_t size;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

static inline struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool span_starts_with(struct span span, struct span prefix)
{
    return span.size >= prefix.size && memcmp(span.at, prefix.at, prefix.size) == 0;
}

/* Is `inner` a part of `outer`, not just alike? */
static inline bool span_lies_in(struct span inner, struct span outer)
{
    uintptr_t offset = (uintptr_t)inner.at - (uintptr_t)outer.at;

    return offset <= outer.size && inner.size <= outer.size - offset;
}

/* Equal but for the case of ASCII letters, as Redis compares names and options. */
bool span_equal_nocase(struct span a, struct span b);

/* The number that `span` spells, as strict as Redis's string2ll: an optional minus, no plus, no
 * leading zero, no blank, within int64. Returns false and leaves *number alone otherwise. */
bool span_to_int64(struct span span, int64_t *number) MUST_USE;

/* Takes the next item off the front of a list, which has commas or blanks between them; empty at
 * its end. */
struct span span_take_item(struct span *rest);

/* Does `text` match the glob `pattern` as in Redis: * ? [a-z] [^x] and backslash? No star matches
 * an empty text; where "*" is to mean everything, as in KEYS and SCAN, that is the caller's rule.
 */
bool span_glob(struct span pattern, struct span text);

#endif
