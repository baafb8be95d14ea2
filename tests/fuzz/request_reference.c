#include "tests/fuzz/request_reference.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LINE_MOST = 64 * 1024,
    DIGITS_MOST = 20,
};

static const long long count_most = INT32_MAX;
static const long long bulk_most = 512LL * 1024 * 1024;

static void refuse(struct reference *reference, const char *error)
{
    reference->result = SCAN_BAD;
    snprintf(reference->error, sizeof reference->error, "%s", error);
}

static void add_word(struct reference *reference, const char *at, size_t size)
{
    uint64_t wide = size;

    bytes_add(&reference->words, &wide, sizeof wide);
    bytes_add(&reference->words, at, size);
    reference->word_count++;
}

/* The first `mark` of `text`, as for a string that a zero byte ends; NULL if there is none. */
static const char *find_mark(struct span text, char mark)
{
    for (size_t i = 0; i < text.size && text.at[i] != '\0'; i++) {
        if (text.at[i] == mark) {
            return text.at + i;
        }
    }
    return NULL;
}

/* No plus, no blank, no leading zero, and "-0" is none either. */
static bool read_number(const char *at, size_t size, long long *number)
{
    char text[DIGITS_MOST + 1];
    size_t first = size > 0 && at[0] == '-' ? 1 : 0;

    if (size == first || size > DIGITS_MOST) {
        return false;
    }
    for (size_t i = first; i < size; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return false;
        }
    }
    if (at[first] == '0' && size > 1) {
        return false;
    }
    memcpy(text, at, size);
    text[size] = '\0';
    errno = 0;
    *number = strtoll(text, NULL, 10);
    return errno == 0;
}

/* Is the line at `at` whole, with the two bytes that end it? If not, the result is known. */
static bool read_line(struct reference *reference, struct span input, size_t at,
                      const char *too_long, size_t *size)
{
    struct span rest = {input.at + at, input.size - at};
    const char *end = find_mark(rest, '\r');
    size_t length = end == NULL ? rest.size : (size_t)(end - rest.at);

    if (length > LINE_MOST) {
        refuse(reference, too_long);
        return false;
    }
    if (end == NULL || length + 2 > rest.size) {
        reference->result = SCAN_MORE;
        return false;
    }
    *size = length;
    return true;
}

/* One argument at *at. Returns false when the result is known. */
static bool read_argument(struct reference *reference, const struct scan_limits *limits,
                          struct span input, size_t *at)
{
    const char *line = input.at + *at;
    long long length = 0;
    size_t size = 0;

    if (!read_line(reference, input, *at, "too big bulk count string", &size)) {
        return false;
    }
    if (line[0] != '$') {
        refuse(reference, "");
        snprintf(reference->error, sizeof reference->error, "expected '$', got '%c'",
                 line[0] == '\r' || line[0] == '\n' ? ' ' : line[0]);
        return false;
    }
    if (!read_number(line + 1, size - 1, &length) || length < 0 || length > bulk_most) {
        refuse(reference, "invalid bulk length");
        return false;
    }
    if (length > limits->bulk_bytes) {
        refuse(reference,
               limits->authenticated ? "invalid bulk length" : "unauthenticated bulk length");
        return false;
    }
    *at += size + 2;
    if (*at + (size_t)length + 2 > limits->request_bytes) {
        refuse(reference, "too big request");
        return false;
    }
    if (input.size - *at < (size_t)length + 2) {
        reference->result = SCAN_MORE;
        return false;
    }
    add_word(reference, input.at + *at, (size_t)length);
    *at += (size_t)length + 2;
    return true;
}

static void read_multibulk(struct reference *reference, const struct scan_limits *limits,
                           struct span input)
{
    long long count = 0;
    size_t at = 0;
    size_t size = 0;

    if (!read_line(reference, input, 0, "too big mbulk count string", &size)) {
        return;
    }
    if (!read_number(input.at + 1, size - 1, &count) || count > count_most) {
        refuse(reference, "invalid multibulk length");
        return;
    }
    if (count > limits->arguments) {
        refuse(reference, limits->authenticated ? "invalid multibulk length"
                                                : "unauthenticated multibulk length");
        return;
    }
    at = size + 2;
    for (long long i = 0; i < count; i++) {
        if (!read_argument(reference, limits, input, &at)) {
            return;
        }
    }
    reference->used = at;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\v' || byte == '\f' ||
           byte == '\r';
}

static int hex_of(char byte)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = byte == '\0' ? NULL : strchr(digits, byte);

    return at == NULL ? -1 : (int)((at - digits) % 16);
}

static char meaning_of(char escaped)
{
    static const char letters[] = "nrtba";
    static const char bytes[] = "\n\r\t\b\a";
    const char *at = strchr(letters, escaped);

    return at == NULL || *at == '\0' ? escaped : bytes[at - letters];
}

/* Where in the line, a C string, and the word so far. */
struct word {
    const char *at;
    struct bytes text;
};

static void take(struct word *word, char byte, size_t used)
{
    bytes_add(&word->text, &byte, 1);
    word->at += used;
}

static void take_escaped(struct word *word)
{
    int high = word->at[1] == 'x' ? hex_of(word->at[2]) : -1;
    int low = high < 0 ? -1 : hex_of(word->at[3]);

    if (low >= 0) {
        take(word, (char)(16 * high + low), 4);
    } else {
        take(word, meaning_of(word->at[1]), 2);
    }
}

/* Behind the opening quote; false when it is not closed, or closed in the middle of a word. */
static bool take_quoted(struct word *word, char quote)
{
    for (;;) {
        if (*word->at == '\0') {
            return false;
        }
        if (*word->at == quote) {
            word->at++;
            return *word->at == '\0' || is_space(*word->at);
        }
        if (quote == '"' && word->at[0] == '\\' && word->at[1] != '\0') {
            take_escaped(word);
        } else if (quote == '\'' && word->at[0] == '\\' && word->at[1] == '\'') {
            take(word, '\'', 2);
        } else {
            take(word, *word->at, 1);
        }
    }
}

/* One word, which may go over into a quoted part that ends it. */
static bool take_word(struct word *word)
{
    for (;;) {
        char byte = *word->at;

        if (byte == '\0' || byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t') {
            return true;
        }
        if (byte == '"' || byte == '\'') {
            word->at++;
            return take_quoted(word, byte);
        }
        take(word, byte, 1);
    }
}

static void split_line(struct reference *reference, const char *line)
{
    struct word word = {.at = line};

    for (;;) {
        while (*word.at != '\0' && is_space(*word.at)) {
            word.at++;
        }
        if (*word.at == '\0') {
            break;
        }
        word.text.size = 0;
        if (!take_word(&word)) {
            refuse(reference, "unbalanced quotes in request");
            break;
        }
        add_word(reference, word.text.at == NULL ? "" : word.text.at, word.text.size);
    }
    bytes_clear(&word.text);
}

static void read_inline(struct reference *reference, const struct scan_limits *limits,
                        struct span input)
{
    const char *end = find_mark(input, '\n');
    size_t size = end == NULL ? input.size : (size_t)(end - input.at);

    if (size > LINE_MOST) {
        refuse(reference, "too big inline request");
        return;
    }
    if (end == NULL) {
        reference->result = SCAN_MORE;
        return;
    }
    if (size + 1 > limits->request_bytes) {
        refuse(reference, "too big request");
        return;
    }

    size_t length = size > 0 && end[-1] == '\r' ? size - 1 : size;
    char *line = calloc(1, length + 1);

    memcpy(line, input.at, length);
    reference->used = size + 1;
    split_line(reference, line);
    free(line);
}

void reference_read(struct reference *reference, const struct scan_limits *limits,
                    struct span input)
{
    reference->result = SCAN_DONE;
    reference->words.size = 0;
    reference->word_count = 0;
    reference->used = 0;
    if (input.size == 0) {
        reference->result = SCAN_MORE;
    } else if (input.at[0] == '*') {
        read_multibulk(reference, limits, input);
    } else {
        read_inline(reference, limits, input);
    }
}

void reference_clear(struct reference *reference)
{
    bytes_clear(&reference->words);
}
