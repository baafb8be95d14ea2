#include "common/log_text.h"

#include <stdio.h>

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

static bool follows(const struct utf8_range *range, const uint8_t *at, size_t size)
{
    if (size < range->size) {
        return false;
    }
    if (range->size > 1 && (at[1] < range->second_low || at[1] > range->second_high)) {
        return false;
    }
    for (size_t i = 2; i < range->size; i++) {
        if (at[i] < 0x80 || at[i] > 0xBF) {
            return false;
        }
    }
    return true;
}

/* How many bytes the character at the start of `bytes` takes; 0 when it is no UTF-8. */
static size_t utf8_size(struct span bytes)
{
    const uint8_t *at = (const uint8_t *)bytes.at;

    for (size_t i = 0; i < ARRAY_LEN(utf8_ranges); i++) {
        const struct utf8_range *range = &utf8_ranges[i];

        if (at[0] >= range->first_low && at[0] <= range->first_high) {
            return follows(range, at, bytes.size) ? range->size : 0;
        }
    }
    return 0;
}

/* The letter behind the backslash, or 0. */
static char short_escape(char byte)
{
    switch (byte) {
    case '"': return '"';
    case '\\': return '\\';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return '\0';
    }
}

static bool is_control(char byte)
{
    return (uint8_t)byte < 0x20 || byte == 0x7F;
}

/* Appends the first character of `bytes` and returns how many bytes it took. `invalid` and
 * `control` are formats for a byte that is no UTF-8, or is not printable. */
static size_t put_character(struct log_text *text, struct span bytes, const char *invalid,
                            const char *control)
{
    size_t size = utf8_size(bytes);
    char byte = bytes.at[0];
    char escape[8];

    if (size > 0 && short_escape(byte) != '\0') {
        log_text_put(text, (struct span){(char[]){'\\', short_escape(byte)}, 2});
    } else if (size == 0 || is_control(byte)) {
        snprintf(escape, sizeof escape, size == 0 ? invalid : control, (unsigned)(uint8_t)byte);
        log_text_put(text, span_of(escape));
    } else {
        log_text_put(text, (struct span){bytes.at, size});
    }
    return size_max(size, 1);
}

void log_text_put(struct log_text *text, struct span bytes)
{
    if (bytes.size == 0) {
        return;
    }
    if (text->size + bytes.size > text->limit) {
        text->limit = size_min(text->limit, text->size);
        return;
    }
    memcpy(text->bytes + text->size, bytes.at, bytes.size);
    text->size += bytes.size;
}

void log_text_put_json(struct log_text *text, struct span bytes)
{
    for (size_t i = 0; i < bytes.size;) {
        i += put_character(text, (struct span){bytes.at + i, bytes.size - i}, "\\ufffd", "\\u%04x");
    }
}

void log_text_put_escaped(struct log_text *text, struct span bytes)
{
    for (size_t i = 0; i < bytes.size;) {
        i += put_character(text, (struct span){bytes.at + i, bytes.size - i}, "\\x%02x", "\\x%02x");
    }
}

bool log_text_needs_quotes(struct span bytes)
{
    for (size_t i = 0; i < bytes.size;) {
        size_t size = utf8_size((struct span){bytes.at + i, bytes.size - i});
        char byte = bytes.at[i];

        if (size == 0 || byte == ' ' || byte == '=' || is_control(byte) ||
            short_escape(byte) != '\0') {
            return true;
        }
        i += size;
    }
    return bytes.size == 0;
}
