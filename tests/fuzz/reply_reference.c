#include "tests/fuzz/reply_reference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_MOST = 22,  /* with CR LF */
    VALUE_LEAST = 3,   /* the shortest value's bytes */
    WITNESS_DEPTH = 6, /* or less: what it refuses deeper down is not looked at */
};

struct walk {
    struct reply_reference found;
    struct span input;
    size_t limit;
    size_t at;
    unsigned long long left; /* values still to come */
    unsigned depth;          /* arrays around this value, at least */
};

static enum scan_result end(struct walk *walk, enum scan_result result)
{
    walk->found.result = result;
    return result;
}

static enum scan_result strict(struct walk *walk)
{
    walk->found.is_strict = true;
    return end(walk, SCAN_BAD);
}

static bool is_number(const char *at, size_t size, long long *number)
{
    char text[NUMBER_MOST + 1];
    size_t first = size > 0 && at[0] == '-' ? 1 : 0;

    if (size == first || size > NUMBER_MOST - 2 || (at[first] == '0' && size > 1)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (i >= first && (at[i] < '0' || at[i] > '9')) {
            return false;
        }
        text[i] = at[i];
    }
    text[size] = '\0';
    errno = 0;
    *number = strtoll(text, NULL, 10);
    return errno == 0;
}

/* The number behind the type at walk->at; moves behind its line. */
static enum scan_result read_number(struct walk *walk, long long *number)
{
    const char *at = walk->input.at + walk->at + 1;
    size_t left = walk->input.size - walk->at - 1;
    const char *cr = memchr(at, '\r', size_min(left, NUMBER_MOST));
    size_t size = cr == NULL ? 0 : (size_t)(cr - at);

    if (cr == NULL) {
        return left >= NUMBER_MOST ? strict(walk) : end(walk, SCAN_MORE);
    }
    if (!is_number(at, size, number)) {
        return strict(walk);
    }
    if (size + 1 == left) {
        return end(walk, SCAN_MORE);
    }
    if (cr[1] != '\n') {
        return strict(walk);
    }
    walk->at += 1 + size + 2;
    return SCAN_DONE;
}

static enum scan_result read_bulk(struct walk *walk, char type)
{
    long long length = 0;

    if (read_number(walk, &length) != SCAN_DONE) {
        return walk->found.result;
    }
    if (length < 0) {
        return length == -1 && type == '$' ? SCAN_DONE : end(walk, SCAN_BAD);
    }
    if ((unsigned long long)length > walk->limit || walk->at + (size_t)length + 2 > walk->limit) {
        return strict(walk);
    }
    if (walk->input.size - walk->at < (size_t)length + 2) {
        return end(walk, SCAN_MORE);
    }
    walk->at += (size_t)length + 2;
    if (memcmp(walk->input.at + walk->at - 2, "\r\n", 2) != 0) {
        return strict(walk);
    }
    return SCAN_DONE;
}

static enum scan_result read_text(struct walk *walk)
{
    const char *at = walk->input.at + walk->at;
    const char *crlf = memmem(at, walk->input.size - walk->at, "\r\n", 2);

    if (crlf == NULL) {
        return walk->input.size >= walk->limit ? strict(walk) : end(walk, SCAN_MORE);
    }
    walk->at += (size_t)(crlf - at) + 2;
    return SCAN_DONE;
}

static enum scan_result read_constant(struct walk *walk, size_t size)
{
    const char *at = walk->input.at + walk->at;

    if (walk->input.size - walk->at < size + 2) {
        return end(walk, SCAN_MORE);
    }
    if ((size == 2 && at[1] != 't' && at[1] != 'f') || memcmp(at + size, "\r\n", 2) != 0) {
        return end(walk, SCAN_BAD);
    }
    walk->at += size + 2;
    return SCAN_DONE;
}

/* An aggregate is its line, and so many values more. */
static enum scan_result read_aggregate(struct walk *walk, char type)
{
    unsigned long long most = walk->limit / VALUE_LEAST;
    unsigned long long each = type == '%' || type == '|' ? 2 : 1;
    long long count = 0;

    if (read_number(walk, &count) != SCAN_DONE) {
        return walk->found.result;
    }
    if (count < 0) {
        return count == -1 && type == '*' ? SCAN_DONE : end(walk, SCAN_BAD);
    }
    if ((unsigned long long)count > most / each ||
        walk->left > most - (unsigned long long)count * each) {
        return strict(walk);
    }
    walk->left += (unsigned long long)count * each + (type == '|');
    walk->depth++;
    return SCAN_DONE;
}

static enum scan_result read_value(struct walk *walk)
{
    char type = walk->input.at[walk->at];
    long long number = 0;

    switch (type) {
    case '+':
    case '-': return read_text(walk);
    case ':': return read_number(walk, &number);
    case '$': return read_bulk(walk, type);
    case '*': return read_aggregate(walk, type);
    default: break;
    }
    walk->found.is_beyond_witness = true;
    switch (type) {
    case ',':
    case '(': return read_text(walk);
    case '!':
    case '=': return read_bulk(walk, type);
    case '_': return read_constant(walk, 1);
    case '#': return read_constant(walk, 2);
    case '~':
    case '>':
    case '%':
    case '|': return read_aggregate(walk, type);
    default: return end(walk, SCAN_BAD);
    }
}

struct reply_reference reply_reference_read(struct span input, size_t limit)
{
    struct walk walk = {.input = input, .limit = limit, .left = 1};

    while (walk.left > 0) {
        if (walk.at == input.size) {
            end(&walk, SCAN_MORE);
            break;
        }
        if (read_value(&walk) != SCAN_DONE) {
            break;
        }
        if (walk.at > limit) {
            strict(&walk);
            break;
        }
        walk.left--;
    }
    walk.found.used = walk.at;
    walk.found.is_beyond_witness = walk.found.is_beyond_witness || walk.depth > WITNESS_DEPTH;
    return walk.found;
}
