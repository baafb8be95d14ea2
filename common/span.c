#include "common/span.h"

static unsigned char lower(char byte)
{
    unsigned char plain = (unsigned char)byte;
    return plain >= 'A' && plain <= 'Z' ? (unsigned char)(plain | 0x20) : plain;
}

bool span_equal_nocase(struct span a, struct span b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.at[i]) != lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

/* The digits of `span` as a number up to `most`; no leading zero but in "0" itself. */
static bool digits_read(struct span span, uint64_t most, uint64_t *number)
{
    if (span.size == 0 || (span.at[0] == '0' && span.size > 1)) {
        return false;
    }

    uint64_t value = 0;
    for (size_t i = 0; i < span.size; i++) {
        unsigned digit = (unsigned char)span.at[i] - (unsigned)'0';
        if (digit > 9 || value > (most - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

bool span_to_int64(struct span span, int64_t *number)
{
    uint64_t value;
    if (span.size == 0 || span.at[0] != '-') {
        if (!digits_read(span, INT64_MAX, &value)) {
            return false;
        }
        *number = (int64_t)value;
        return true;
    }

    struct span digits = {span.at + 1, span.size - 1};
    if (!digits_read(digits, (uint64_t)INT64_MAX + 1, &value) || value == 0) {
        return false;
    }
    *number = (int64_t)(0 - value);
    return true;
}

static bool is_between(char byte)
{
    return byte == ' ' || byte == ',' || byte == '\t';
}

struct span span_take_item(struct span *rest)
{
    struct span item;
    size_t size = 0;

    while (rest->size > 0 && is_between(rest->at[0])) {
        *rest = (struct span){rest->at + 1, rest->size - 1};
    }
    while (size < rest->size && !is_between(rest->at[size])) {
        size++;
    }
    item = (struct span){rest->at, size};
    *rest = (struct span){rest->at + size, rest->size - size};
    return item;
}

/* One step of a pattern: a byte, '?' or a class. Each matches exactly one byte of the text. */
struct glob_step {
    bool matches;
    size_t size; /* bytes of the pattern */
};

static bool in_range(unsigned char byte, char from, char to)
{
    unsigned char low = (unsigned char)from;
    unsigned char high = (unsigned char)to;
    return low <= high ? byte >= low && byte <= high : byte >= high && byte <= low;
}

/* A class ends with its first ']' that is not escaped, or with the pattern, as in Redis. */
static struct glob_step class_step(struct span pattern, char byte)
{
    size_t at = 1;
    bool negated = at < pattern.size && pattern.at[at] == '^';
    bool found = false;

    for (at += negated; at < pattern.size && pattern.at[at] != ']'; at++) {
        if (pattern.at[at] == '\\' && at + 1 < pattern.size) {
            at++;
            found |= pattern.at[at] == byte;
        } else if (at + 2 < pattern.size && pattern.at[at + 1] == '-') {
            found |= in_range((unsigned char)byte, pattern.at[at], pattern.at[at + 2]);
            at += 2;
        } else {
            found |= pattern.at[at] == byte;
        }
    }
    return (struct glob_step){found != negated, size_min(at + 1, pattern.size)};
}

static struct glob_step step_read(struct span pattern, char byte)
{
    if (pattern.at[0] == '?') {
        return (struct glob_step){true, 1};
    }
    if (pattern.at[0] == '[') {
        return class_step(pattern, byte);
    }
    if (pattern.at[0] == '\\' && pattern.size > 1) {
        return (struct glob_step){pattern.at[1] == byte, 2};
    }
    return (struct glob_step){pattern.at[0] == byte, 1};
}

/* Every step but '*' takes one byte, so when the pattern fails it is enough to go back to the last
 * '*' and let that one take a byte more: no recursion, and at most pattern times text steps. */
bool span_glob(struct span pattern, struct span text)
{
    size_t at = 0, in_text = 0;
    size_t star = SIZE_MAX, star_text = 0;

    if (text.size == 0) {
        return pattern.size == 0;
    }
    while (in_text < text.size) {
        if (at < pattern.size && pattern.at[at] == '*') {
            star = at++;
            star_text = in_text;
            continue;
        }

        struct span rest = {pattern.at + at, pattern.size - at};
        struct glob_step step = {false, 0};
        if (rest.size > 0) {
            step = step_read(rest, text.at[in_text]);
        }
        if (step.matches) {
            at += step.size;
            in_text++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            in_text = ++star_text;
        } else {
            return false;
        }
    }
    while (at < pattern.size && pattern.at[at] == '*') {
        at++;
    }
    return at == pattern.size;
}
