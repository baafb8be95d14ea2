/* word.h - several bytes at once, as one number whose lowest byte is the first.
 *
 * For what is done with every request: short names and lines are compared and hashed as words.
 */
#ifndef COMMON_WORD_H
#define COMMON_WORD_H

#include <string.h>

#include "common/base.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* The word of four bytes. */
static inline uint32_t word_of_bytes(char first, char second, char third, char fourth)
{
    return (uint32_t)(unsigned char)first | (uint32_t)(unsigned char)second << 8 |
           (uint32_t)(unsigned char)third << 16 | (uint32_t)(unsigned char)fourth << 24;
}

/* The four bytes, or eight, at `at`; anywhere in memory. */
static inline uint32_t word_load4(const char *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint64_t word_load8(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* The first byte becomes the last. */
static inline uint32_t word_turn(uint32_t word)
{
    return word << 24 | word >> 8;
}

/* The first byte is the highest. */
static inline uint64_t word_turned(uint64_t word)
{
    return __builtin_bswap64(word);
}

/* The `size` bytes at `at`, eight or less, the rest zero; reads no byte behind them. Where loads
 * overlap they agree. */
static inline uint64_t word_load(const char *at, size_t size)
{
    if (size >= 4) {
        return word_load4(at) | (uint64_t)word_load4(at + size - 4) << (size - 4) * 8;
    }
    if (size >= 2) {
        uint16_t head;

        memcpy(&head, at, sizeof head);
        return head | (uint32_t)(unsigned char)at[size - 1] << (size - 1) * 8;
    }
    return size == 1 ? (unsigned char)at[0] : 0;
}

#endif
