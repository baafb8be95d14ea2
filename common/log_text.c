#include "common/log_text.h"

#include <stdio.h>

#include "common/utf8.h"

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
