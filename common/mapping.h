/* mapping.h - megabytes straight from the kernel, of which a thread keeps some for the next taker.
 *
 * The kernel gives a page when it is first written to, and that costs more than to copy a message
 * into it: so what is given back is kept for a while, with its pages. Beyond MAPPING_KEEP_BYTES, or
 * when memory is short, it goes back to the kernel at once. Each thread has its own.
 */
#ifndef COMMON_MAPPING_H
#define COMMON_MAPPING_H

#include "common/base.h"

enum {
    MAPPING_MIN = 2 * 1024 * 1024, /* what is smaller is the allocator's business */
    MAPPING_KEEP_BYTES = 64 * 1024 * 1024,
};

/* At least `least` bytes, which are MAPPING_MIN or more; *taken is how many. One that is kept is
 * taken where it suits: `expected` is how large it may have to become, as far as is known. */
void *mapping_take(size_t least, size_t expected, size_t *taken) MUST_USE;

/* Makes it larger without copying it, perhaps elsewhere. */
void *mapping_grow(void *memory, size_t before, size_t size) MUST_USE;

/* `size` is that of the whole mapping. */
void mapping_give(void *memory, size_t size);

/* Bytes that this thread keeps. */
size_t mapping_bytes_kept(void);

/* To be called now and then, as once a second: gives back what was not needed since the last call
 * but one, and all of it when memory is short. */
void mapping_tidy(void);

/* Gives all back: at thread end. */
void mapping_trim(void);

#endif
