/* reply.h - replies taken apart, RESP2 and RESP3. Pure. */
#ifndef TESTS_DIFFERENTIAL_REPLY_H
#define TESTS_DIFFERENTIAL_REPLY_H

#include "common/span.h"

/* Parts of a reply, into its bytes. The caller frees the items. */
struct parts {
    struct span *items;
    size_t count;
    size_t capacity;
};

/* The elements of an array, set or push, or of a map, where keys and values take turns; false when
 * it is no such thing, or null. */
bool reply_elements(struct span reply, struct parts *elements);

/* All that is in it and is no aggregate, from left to right; of a simple reply, itself. */
void reply_leaves(struct span reply, struct parts *leaves);

/* Are types and numbers of elements the same, at all depths? Errors must be equal. */
bool reply_same_shape(struct span a, struct span b);

/* The number that an integer spells; false when it is no integer. */
bool reply_number(struct span reply, int64_t *number);

/* An error of its own, not one inside of an array. */
bool reply_is_error(struct span reply);

void parts_clear(struct parts *parts);

#endif
