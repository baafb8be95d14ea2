#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/resp_line.h"
#include "common/resp_scan.h"

enum {
    NUMBER_MAX_BYTES = 22,     /* "-9223372036854775808" CR LF */
    VALUE_MIN_BYTES = 3,       /* "_" CR LF */
    VERBATIM_FORMAT_BYTES = 4, /* "txt:" */
    PLAIN_ELEMENTS_MAX = 256,  /* it is in vain where bytes are missing */
};

/* A line "<number>\r\n" that is not plain, without its type byte. */
static enum scan_result odd_number(struct span line, int64_t *number, size_t *size)
{
    const char *cr =
        line.size == 0 ? NULL : memchr(line.at, '\r', size_min(line.size, NUMBER_MAX_BYTES));
    if (cr == NULL) {
        return line.size >= NUMBER_MAX_BYTES ? SCAN_BAD : SCAN_MORE;
    }

    size_t digits = (size_t)(cr - line.at);
    if (!span_to_int64((struct span){line.at, digits}, number)) {
        return SCAN_BAD;
    }
    if (digits + 1 == line.size) {
        return SCAN_MORE;
    }
    *size = digits + 2;
    return cr[1] == '\n' ? SCAN_DONE : SCAN_BAD;
}

/* The number behind the type byte at `at`; *next is where the line ends. */
static inline enum scan_result number_line(struct span input, size_t at, int64_t *number,
                                           size_t *next)
{
    struct plain_line plain = plain_line(input, at, input.at[at]);
    if (likely(plain.next != LINE_IS_ODD)) {
        *number = plain.number;
        *next = plain.next;
        return SCAN_DONE;
    }

    struct span line = {input.at + at + 1, input.size - at - 1};
    size_t size = 0;
    enum scan_result result = odd_number(line, number, &size);
    *next = at + 1 + size;
    return result;
}

/* One value ends at `end`. */
static inline enum scan_result value_done(struct reply_scan *scan, size_t end)
{
    scan->at = end;
    scan->left--;
    return SCAN_DONE;
}

static inline enum scan_result bulk_scan(struct reply_scan *scan, size_t limit, struct span input)
{
    int64_t length = 0;
    size_t content = 0;
    enum scan_result result = number_line(input, scan->at, &length, &content);
    if (unlikely(result != SCAN_DONE)) {
        return result;
    }
    if (length < 0) {
        return length == -1 && input.at[scan->at] == '$' ? value_done(scan, content) : SCAN_BAD;
    }
    if (unlikely((uint64_t)length > limit)) {
        return SCAN_BAD;
    }

    size_t end = content + (size_t)length + 2;
    if (unlikely(end > limit)) {
        return SCAN_BAD;
    }
    if (unlikely(end > input.size)) {
        scan->need = end;
        return SCAN_MORE;
    }
    if (unlikely(input.at[end - 2] != '\r' || input.at[end - 1] != '\n')) {
        return SCAN_BAD;
    }
    return value_done(scan, end);
}

/* An aggregate is its line, and then so many values more to come, `each` per element. */
static enum scan_result aggregate_scan(struct reply_scan *scan, size_t limit, struct span input,
                                       uint64_t each)
{
    char type = input.at[scan->at];
    int64_t count = 0;
    size_t next = 0;
    enum scan_result result = number_line(input, scan->at, &count, &next);
    if (result != SCAN_DONE) {
        return result;
    }
    if (count < 0) {
        return count == -1 && type == '*' ? value_done(scan, next) : SCAN_BAD;
    }

    /* What cannot fit under the limit is not counted: the sum stays far from its end. */
    uint64_t most = limit / VALUE_MIN_BYTES;
    if ((uint64_t)count > most / each || scan->left > most - (uint64_t)count * each) {
        return SCAN_BAD;
    }
    scan->left += (uint64_t)count * each;
    if (type == '|') {
        scan->at = next;
        return SCAN_DONE;
    }
    return value_done(scan, next);
}

/* A line of any text. It may be long, so how far it has been searched is kept in scan->at. */
static enum scan_result text_scan(struct reply_scan *scan, size_t limit, struct span input)
{
    scan->at += scan->in_text ? 0 : 1;
    scan->in_text = true;
    while (scan->at < input.size) {
        const char *cr = memchr(input.at + scan->at, '\r', input.size - scan->at);
        scan->at = cr == NULL ? input.size : (size_t)(cr - input.at);
        if (cr == NULL || scan->at + 1 >= input.size) {
            break;
        }
        if (cr[1] == '\n') {
            scan->in_text = false;
            return value_done(scan, scan->at + 2);
        }
        scan->at++;
    }
    return input.size >= limit ? SCAN_BAD : SCAN_MORE;
}

static enum scan_result integer_scan(struct reply_scan *scan, struct span input)
{
    int64_t number = 0;
    size_t next = 0;
    enum scan_result result = number_line(input, scan->at, &number, &next);
    return result == SCAN_DONE ? value_done(scan, next) : result;
}

/* "_" or "#t" or "#f", and CR LF. */
static enum scan_result constant_scan(struct reply_scan *scan, struct span input, size_t size)
{
    struct span value = {input.at + scan->at, input.size - scan->at};
    if (value.size < size + 2) {
        return SCAN_MORE;
    }
    if (size == 2 && value.at[1] != 't' && value.at[1] != 'f') {
        return SCAN_BAD;
    }
    if (value.at[size] != '\r' || value.at[size + 1] != '\n') {
        return SCAN_BAD;
    }
    return value_done(scan, scan->at + size + 2);
}

static inline enum scan_result value_scan(struct reply_scan *scan, size_t limit, struct span input)
{
    if (scan->in_text) {
        return text_scan(scan, limit, input);
    }
    if (scan->at == input.size) {
        return SCAN_MORE;
    }

    switch (input.at[scan->at]) {
    case '$':
    case '!':
    case '=': return bulk_scan(scan, limit, input);
    case '+':
    case '-':
    case ',':
    case '(': return text_scan(scan, limit, input);
    case ':': return integer_scan(scan, input);
    case '*':
    case '~':
    case '>': return aggregate_scan(scan, limit, input, 1);
    case '%':
    case '|': return aggregate_scan(scan, limit, input, 2);
    case '_': return constant_scan(scan, input, 1);
    case '#': return constant_scan(scan, input, 2);
    default: return SCAN_BAD;
    }
}

/* The size of an array that is all there, with plain elements only, and not very many of them; 0
 * when it is not so simple. */
static size_t array_scan_plain(struct span input)
{
    struct plain_line line = plain_line(input, 0, '*');
    size_t at = line.next;

    if (at > input.size || line.number > PLAIN_ELEMENTS_MAX) {
        return 0;
    }
    for (int64_t left = line.number; left > 0; left--) {
        size_t size = reply_scan_plain((struct span){input.at + at, input.size - at});
        if (size == 0) {
            return 0;
        }
        at += size;
    }
    return at;
}

enum scan_result reply_scan_any(struct reply_scan *scan, size_t limit_bytes, struct span input,
                                size_t *used)
{
    CHECK(scan->at <= input.size);
    if (!scan->started) {
        size_t plain = array_scan_plain(input);
        if (plain > 0 && plain <= limit_bytes) {
            *used = plain;
            return SCAN_DONE;
        }
        scan->started = true;
        scan->left = 1;
    }

    scan->need = input.size + 1;
    while (scan->left > 0) {
        enum scan_result result = value_scan(scan, limit_bytes, input);
        if (unlikely(result != SCAN_DONE)) {
            return result;
        }
        if (unlikely(scan->at > limit_bytes)) {
            return SCAN_BAD;
        }
    }
    *used = scan->at;
    return SCAN_DONE;
}

static bool aggregate_open(struct span reply, int64_t *count, size_t *first)
{
    int64_t elements = 0;
    size_t next = 0;

    if (number_line(reply, 0, &elements, &next) != SCAN_DONE || elements < 0) {
        return false;
    }
    *count = elements;
    *first = next;
    return true;
}

bool reply_array_open(struct span reply, int64_t *count, size_t *first)
{
    struct plain_line plain = plain_line(reply, 0, '*');
    if (likely(plain.next != LINE_IS_ODD)) {
        *count = plain.number;
        *first = plain.next;
        return true;
    }

    bool is_array =
        reply.size > 0 && (reply.at[0] == '*' || reply.at[0] == '~' || reply.at[0] == '>');
    return is_array && aggregate_open(reply, count, first);
}

bool reply_map_open(struct span reply, int64_t *pairs, size_t *first)
{
    bool is_map = reply.size > 0 && reply.at[0] == '%';
    bool is_array = reply.size > 0 && reply.at[0] == '*';
    int64_t count = 0;

    if (!(is_map || is_array) || !aggregate_open(reply, &count, first)) {
        return false;
    }
    *pairs = is_map ? count : count / 2;
    return true;
}

bool reply_string(struct span reply, struct span *content)
{
    if (reply.size >= 3 && reply.at[0] == '+') {
        *content = (struct span){reply.at + 1, reply.size - 3};
        return true;
    }
    if (reply.size == 0 || (reply.at[0] != '$' && reply.at[0] != '=')) {
        return false;
    }

    int64_t length = 0;
    size_t start = 0;
    if (number_line(reply, 0, &length, &start) != SCAN_DONE || length < 0 ||
        (uint64_t)length + 2 > reply.size - start) {
        return false;
    }
    *content = (struct span){reply.at + start, (size_t)length};
    if (reply.at[0] == '=') {
        size_t format = size_min(content->size, VERBATIM_FORMAT_BYTES);

        *content = (struct span){content->at + format, content->size - format};
    }
    return true;
}

bool reply_integer(struct span reply, int64_t *number)
{
    size_t next = 0;
    return reply.size > 0 && reply.at[0] == ':' &&
           number_line(reply, 0, number, &next) == SCAN_DONE;
}

bool reply_double(struct span reply, double *number)
{
    enum { NUMBER_MAX = 64 };
    char text[NUMBER_MAX];
    struct span digits;
    char *end;

    if (reply.size > 3 && reply.at[0] == ',') {
        digits = (struct span){reply.at + 1, reply.size - 3};
    } else if (reply.size == 0 || reply.at[0] != '$' || !reply_string(reply, &digits)) {
        return false;
    }
    if (digits.size == 0 || digits.size >= NUMBER_MAX || isspace((unsigned char)digits.at[0])) {
        return false;
    }
    memcpy(text, digits.at, digits.size);
    text[digits.size] = '\0';

    double value = strtod(text, &end);

    if (end != text + digits.size || !isfinite(value)) {
        return false;
    }
    *number = value;
    return true;
}

bool reply_take(struct span *rest, struct span *reply)
{
    struct reply_scan scan = {0};
    size_t used = reply_scan_plain(*rest);

    if (unlikely(used == 0) &&
        (rest->size == 0 || reply_scan_any(&scan, rest->size, *rest, &used) != SCAN_DONE)) {
        return false;
    }
    *reply = (struct span){rest->at, used};
    *rest = (struct span){rest->at + used, rest->size - used};
    return true;
}
