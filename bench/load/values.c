#include "bench/load/values.h"

#define KEY_NUMBER_MAX 999999999999u

static const char key_zero[KEY_BYTES + 1] = "key:000000000000";

/* Letters that people can read in a complaint: 64 of them, so each takes six bits. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

void values_init(struct values *values, size_t size)
{
    size_t pattern_size = VALUES_DIFFERENT + size;
    uint64_t state = 1;

    CHECK(size <= VALUE_BYTES_MAX);
    values->size = size;
    values->pattern = block_new(pattern_size);
    for (size_t i = 0; i < pattern_size; i++) {
        /* Knuth's MMIX generator; its upper bits are the good ones. */
        state = state * 6364136223846793005u + 1442695040888963407u;
        values->pattern->bytes[i] = letters[state >> 58];
    }
    values->pattern->used = pattern_size;
}

void values_clear(struct values *values)
{
    block_release(&values->pattern);
}

void key_write(uint64_t number, char *to)
{
    CHECK(number <= KEY_NUMBER_MAX);
    memcpy(to, key_zero, KEY_BYTES);
    for (char *digit = to + KEY_BYTES - 1; number > 0; digit--) {
        *digit = (char)('0' + number % 10);
        number /= 10;
    }
}
