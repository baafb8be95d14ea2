/* utf8.h - where characters of UTF-8 end. Pure. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include "common/span.h"

/* How many bytes the character at the start of `bytes`, which are some, takes; 0 when it is no
 * UTF-8. */
size_t utf8_size(struct span bytes);

/* `text`, the start of a longer one, without the bytes of a last character that it has not all of.
 * What is no UTF-8 in any case stays as it is. */
struct span utf8_whole(struct span text);

#endif
