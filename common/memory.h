/* memory.h - allocation that cannot fail: without memory the process ends, with a message.
 *
 * What these return is given back with free(). Any thread. Limits in the configuration, not NULL
 * checks, keep the process inside its memory.
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include "common/base.h"

/* Zeroed memory for `count` things of `size` bytes. */
void *memory_new(size_t count, size_t size) __attribute__((malloc));

/* Memory of `size` bytes with no particular content. */
void *memory_raw(size_t size) __attribute__((malloc));

/* realloc() for `count` things of `size` bytes; `old` may be NULL. */
void *memory_resize(void *old, size_t count, size_t size) MUST_USE;

/* A copy of `size` bytes with a zero byte behind it. */
char *memory_copy(const void *bytes, size_t size) __attribute__((malloc));

/* A formatted string. */
char *memory_print(const char *format, ...) PRINTF(1, 2) __attribute__((malloc));

/* For memory that comes from elsewhere: `memory`, unless that is NULL, which ends the process. */
void *memory_or_die(void *memory, size_t size);

#endif
