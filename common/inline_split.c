#include "common/inline_split.h"

#include "common/memory.h"

/* A line being read, and where its decoded bytes go. A word is never longer decoded than it was. */
struct words {
    const char *at;
    const char *end;
    char *out;
};

/* isspace() in the C locale, which Redis keeps for LC_CTYPE's blanks. */
static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    char small = (char)(byte | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* The byte that an escape stands for; the backslash has been read and a byte follows it. */
static char escape_read(struct words *words)
{
    if (words->at[0] == 'x' && words->end - words->at >= 3) {
        int high = hex_digit(words->at[1]);
        int low = hex_digit(words->at[2]);
        if (high >= 0 && low >= 0) {
            words->at += 3;
            return (char)(high * 16 + low);
        }
    }

    char byte = *words->at++;
    switch (byte) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return byte;
    }
}

static bool closed_well(const struct words *words)
{
    return words->at == words->end || is_blank(*words->at);
}

static bool double_quoted_read(struct words *words)
{
    while (words->at < words->end) {
        char byte = *words->at++;
        if (byte == '"') {
            return closed_well(words);
        }
        if (byte == '\\' && words->at < words->end) {
            byte = escape_read(words);
        }
        *words->out++ = byte;
    }
    return false;
}

static bool single_quoted_read(struct words *words)
{
    while (words->at < words->end) {
        char byte = *words->at++;
        if (byte == '\'') {
            return closed_well(words);
        }
        if (byte == '\\' && words->at < words->end && *words->at == '\'') {
            byte = *words->at++;
        }
        *words->out++ = byte;
    }
    return false;
}

/* A word may start bare and go on in quotes, and the quote's end is the word's end. \v and \f
 * separate words only where they stand before one, as in Redis. */
static bool word_read(struct words *words)
{
    while (words->at < words->end) {
        char byte = *words->at++;
        switch (byte) {
        case ' ':
        case '\t':
        case '\r':
        case '\n': return true;
        case '"': return double_quoted_read(words);
        case '\'': return single_quoted_read(words);
        default: *words->out++ = byte; break;
        }
    }
    return true;
}

static void unquoted_reserve(struct arguments *arguments, size_t size)
{
    if (arguments->unquoted_capacity < size) {
        arguments->unquoted = memory_resize(arguments->unquoted, size, 1);
        arguments->unquoted_capacity = size;
    }
}

bool inline_split(struct span line, struct arguments *arguments)
{
    arguments->count = 0;
    if (line.size == 0) {
        return true;
    }
    unquoted_reserve(arguments, line.size);

    struct words words = {line.at, line.at + line.size, arguments->unquoted};
    for (;;) {
        while (words.at < words.end && is_blank(*words.at)) {
            words.at++;
        }
        if (words.at == words.end) {
            return true;
        }
        char *start = words.out;
        if (!word_read(&words)) {
            return false;
        }
        arguments_push(arguments, (struct span){start, (size_t)(words.out - start)});
    }
}
