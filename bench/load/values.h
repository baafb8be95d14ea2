/* values.h - keys and values as functions of a number, so that every reply can be checked.
 *
 *      key     key:000000000042
 *      value   pattern [ ........|<- size ->|............ ]
 *                                ^ where the number says
 *
 * All values are windows into one pattern, so that a large one is sent and compared where it lies
 * and never copied. Values of up to VALUES_DIFFERENT numbers in a row begin at different places.
 * They do not depend on the seed of a run: what one run wrote, another one can check. One thread.
 */
#ifndef BENCH_LOAD_VALUES_H
#define BENCH_LOAD_VALUES_H

#include "common/block.h"

enum {
    KEY_BYTES = 16,
    VALUES_DIFFERENT = 1 << 17, /* so that the pattern of small values stays in a core's cache */
    VALUE_BYTES_MAX = 64 * 1024 * 1024,
};

struct values {
    struct block *pattern;
    size_t size; /* of every value */
};

void values_init(struct values *values, size_t size);
void values_clear(struct values *values);

/* The value of key `number`; good until values_clear. */
static inline struct span value_of(const struct values *values, uint64_t number)
{
    /* An odd factor makes neighbours begin far apart, and no two of a row at the same place. */
    uint64_t start = number * 0x9e3779b1u % VALUES_DIFFERENT;

    return (struct span){values->pattern->bytes + start, values->size};
}

/* Writes the KEY_BYTES of key `number`, and no zero byte. */
void key_write(uint64_t number, char *to);

#endif
