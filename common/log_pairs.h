/* log_pairs.h - takes "name=%s other=%d" and its arguments apart, one pair at a time.
 *
 * Each value is formatted on its own, so that a value with blanks or quotes in it is still one
 * value. Internal to log.c; any thread.
 */
#ifndef COMMON_LOG_PAIRS_H
#define COMMON_LOG_PAIRS_H

#include <stdarg.h>

#include "common/span.h"

struct log_pairs {
    const char *at; /* what is left of the format */
    va_list arguments;
};

struct log_pair {
    struct span name;
    struct span value; /* lies in `bytes`, cut when it does not fit */
    bool is_number;    /* the value is one plain decimal integer */
    char bytes[2048];
};

/* The next pair, or false at the end. CHECKs formats it does not know: they are ours. */
bool log_pairs_next(struct log_pairs *pairs, struct log_pair *pair) MUST_USE;

#endif
