/* info_number.h - numbers as INFO spells them. Pure; any thread. */
#ifndef PROXY_DOWNSTREAM_INFO_NUMBER_H
#define PROXY_DOWNSTREAM_INFO_NUMBER_H

#include "common/span.h"

/* What would not fit stays at the end of the range. */
int64_t info_add(int64_t a, int64_t b);

/* "0.33" with two digits is 33: a number that is not negative, times ten for each of `digits`;
 * further ones are not read. Returns false and leaves *number alone when it is none. */
bool info_read_decimal(struct span text, unsigned digits, int64_t *number) MUST_USE;

/* "1.54M", as Redis's *_human fields; returns `text`. */
const char *info_human(int64_t bytes, char *text, size_t size);

#endif
