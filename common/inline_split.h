/* inline_split.h - the words of an inline request, as Redis's sdssplitargs finds them.
 *
 * Only for the request scanner.
 */
#ifndef COMMON_INLINE_SPLIT_H
#define COMMON_INLINE_SPLIT_H

#include "common/resp_scan.h"

/* Makes room for one argument more. */
void arguments_grow(struct arguments *arguments);

static inline void arguments_push(struct arguments *arguments, struct span argument)
{
    if (unlikely(arguments->count == arguments->capacity)) {
        arguments_grow(arguments);
    }
    arguments->items[arguments->count++] = argument;
}

/* Splits `line`, which has no zero byte in it, into `arguments`, quotes and escapes decoded.
 * Returns false when a quote is not closed, or is not followed by a blank. */
bool inline_split(struct span line, struct arguments *arguments) MUST_USE;

#endif
