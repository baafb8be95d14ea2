#include "common/utf8.h"

struct utf8_range {
    uint8_t first_low, first_high;   /* of the first byte */
    uint8_t second_low, second_high; /* of the second; all others are 80..BF */
    uint8_t size;
};

/* The table of well-formed sequences in the Unicode standard: no overlong forms, no surrogates,
 * nothing past U+10FFFF. */
static const struct utf8_range utf8_ranges[] = {
    {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

/* Are bytes 1 to size - 1 of a character as they are to be? */
static bool follow(const struct utf8_range *range, const uint8_t *at, size_t size)
{
    if (size > 1 && (at[1] < range->second_low || at[1] > range->second_high)) {
        return false;
    }
    for (size_t i = 2; i < size; i++) {
        if (at[i] < 0x80 || at[i] > 0xBF) {
            return false;
        }
    }
    return true;
}

/* Of the character that begins so, as far as it is there; NULL when it is no UTF-8. */
static const struct utf8_range *range_of(struct span bytes)
{
    const uint8_t *at = (const uint8_t *)bytes.at;

    for (size_t i = 0; i < ARRAY_LEN(utf8_ranges); i++) {
        const struct utf8_range *range = &utf8_ranges[i];

        if (at[0] >= range->first_low && at[0] <= range->first_high) {
            return follow(range, at, size_min(bytes.size, range->size)) ? range : NULL;
        }
    }
    return NULL;
}

size_t utf8_size(struct span bytes)
{
    const struct utf8_range *range = range_of(bytes);

    return range == NULL || range->size > bytes.size ? 0 : range->size;
}

struct span utf8_whole(struct span text)
{
    for (size_t i = 0; i < text.size;) {
        struct span rest = {text.at + i, text.size - i};
        const struct utf8_range *range = range_of(rest);

        if (range == NULL) {
            return text;
        }
        if (range->size > rest.size) {
            return (struct span){text.at, i};
        }
        i += range->size;
    }
    return text;
}
