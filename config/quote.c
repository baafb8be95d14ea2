#include "config/quote.h"

#include "common/base.h"

enum { UTF8_BYTES_MAX = 4 };

/* How many bytes the UTF-8 character at `text` has, or 0 when there is none; sets *point. */
static size_t utf8_decode(const char *text, uint32_t *point)
{
    static const uint32_t least[UTF8_BYTES_MAX + 1] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)*text;
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;

    if (size == 0 || lead > 0xf4) {
        return 0;
    }
    *point = lead & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xc0) != 0x80) {
            return 0;
        }
        *point = *point << 6 | (next & 0x3fU);
    }
    bool is_surrogate = *point >= 0xd800 && *point <= 0xdfff;
    return *point < least[size] || *point > 0x10ffff || is_surrogate ? 0 : size;
}

/* Letters are shown as they are; what YAML would not take raw, or folds, by its number. */
static size_t quote_character(const char *text, FILE *to)
{
    uint32_t point = (unsigned char)*text;
    size_t size = utf8_decode(text, &point);

    if (size == 0) {
        fprintf(to, "\\x%02X", (unsigned)(unsigned char)*text);
        return 1;
    }
    bool is_letter = (point >= 0xa0 && point < 0x2028) || (point > 0x206f && point < 0xd800);
    if (is_letter) {
        fwrite(text, 1, size, to);
    } else {
        fprintf(to, "\\U%08X", (unsigned)point);
    }
    return size;
}

static size_t quote_one(const char *text, FILE *to)
{
    unsigned char byte = (unsigned char)*text;

    if (byte == '"' || byte == '\\') {
        fprintf(to, "\\%c", byte);
        return 1;
    }
    if (byte == '$' && text[1] == '{') {
        fputs("$${", to);
        return 2;
    }
    if (byte >= 0x20 && byte < 0x7f) {
        fputc(byte, to);
        return 1;
    }
    return quote_character(text, to);
}

void quote_print(const char *text, FILE *to)
{
    fputc('"', to);
    while (*text != '\0') {
        text += quote_one(text, to);
    }
    fputc('"', to);
}
