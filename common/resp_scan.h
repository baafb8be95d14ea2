/* resp_scan.h - where a request or a reply ends, and a request's arguments.
 *
 * Both scanners look at bytes they do not own, copy nothing, and go on where they stopped when more
 * bytes have come: `input` is always the whole of what is there from the first byte of the
 * request or reply, wherever it lies in memory now, and never shorter than before. Nothing is
 * believed before it is checked: a length over its limit is refused when its line is read, and
 * announced lengths allocate nothing.
 */
#ifndef COMMON_RESP_SCAN_H
#define COMMON_RESP_SCAN_H

#include "common/resp_line.h"
#include "common/span.h"

enum scan_result {
    SCAN_DONE = 0, /* complete: *used bytes belong to it */
    SCAN_MORE,     /* so far so good, bytes are missing */
    SCAN_BAD,      /* not RESP, or over a limit */
};

/* What Redis answers to a request that is no request, as "-ERR Protocol error: <text>". */
#define PROTOCOL_ERRORS(ROW)                                                                       \
    ROW(BIG_COUNT_LINE, "too big mbulk count string")                                              \
    ROW(BAD_COUNT, "invalid multibulk length")                                                     \
    ROW(UNAUTHENTICATED_COUNT, "unauthenticated multibulk length")                                 \
    ROW(BIG_LENGTH_LINE, "too big bulk count string")                                              \
    ROW(NO_DOLLAR, "expected '$', got '")                                                          \
    ROW(BAD_LENGTH, "invalid bulk length")                                                         \
    ROW(UNAUTHENTICATED_LENGTH, "unauthenticated bulk length")                                     \
    ROW(BIG_INLINE, "too big inline request")                                                      \
    ROW(UNBALANCED_QUOTES, "unbalanced quotes in request")                                         \
    ROW(BIG_REQUEST, "too big request")

enum protocol_error {
#define ROW(symbol, text) PROTOCOL_ERROR_##symbol,
    PROTOCOL_ERRORS(ROW)
#undef ROW
};

/* Limits of one request; the first two are Redis's own by default. */
struct scan_limits {
    int64_t arguments;    /* most arguments of one request: 1024 * 1024, or 10 before AUTH */
    int64_t bulk_bytes;   /* longest argument: 512 MB, or 16384 before AUTH */
    size_t request_bytes; /* longest request in all */
    bool authenticated;   /* which of the two texts a refusal has */
};

/* The arguments of the last whole request. Kept by the caller and used again and again, so that a
 * request allocates nothing; spans point into the input, or into `unquoted` for inline requests,
 * and are good until the next scan with this struct. Zero-initialise. */
struct arguments {
    struct span *items;
    uint32_t count;
    uint32_t capacity;
    char *unquoted;
    size_t unquoted_capacity;
};

/* A request in progress. Zero at the start of each request (request_scan_reset). */
struct request_scan {
    size_t at;    /* bytes understood so far */
    int64_t left; /* arguments still to come, once the count line is read */
    size_t need;  /* MORE: bytes the request will have at least; a hint how much to read */
    enum protocol_error error; /* BAD: why */
    char unexpected;           /* BAD with NO_DOLLAR: the byte that came instead */
    bool counting;             /* the count line has been read */
    bool is_inline; /* DONE: came as a line of text, so it must be composed anew to be sent */
};

static inline void request_scan_reset(struct request_scan *scan)
{
    *scan = (struct request_scan){0};
}

/* As request_scan_next, for requests of any form. */
enum scan_result request_scan_any(struct request_scan *scan, const struct scan_limits *limits,
                                  struct span input, struct arguments *arguments,
                                  size_t *used) MUST_USE;

/* The size of a request that is all there, with plain lines only, within all limits, and with no
 * more arguments than there is room for; 0 when it is not so simple. In a request that is no longer
 * than an argument may be, no argument is too long. */
static inline size_t request_scan_plain(const struct scan_limits *limits, struct span input,
                                        struct arguments *arguments)
{
    struct plain_line line = plain_line(input, 0, '*');
    struct span *item = arguments->items;
    int64_t count = line.number;
    size_t at = line.next;

    if (unlikely(count > arguments->capacity || count > limits->arguments)) {
        return 0;
    }
    for (int64_t left = count; left > 0; left--, item++) {
        line = plain_line(input, at, '$');
        at = line.next + (size_t)line.number + 2;
        if (unlikely(at > input.size)) {
            return 0;
        }
        *item = (struct span){input.at + line.next, (size_t)line.number};
    }
    if (unlikely(at > size_min(limits->request_bytes, (size_t)limits->bulk_bytes))) {
        return 0;
    }
    arguments->count = (uint32_t)count;
    return at;
}

/* Looks for one request at the start of `input`, as Redis's processMultibulkBuffer and
 * processInlineBuffer do (a request starts with '*' or is an inline line; an empty line and "*0"
 * are requests with no arguments, which the caller skips). After DONE and BAD the scan must be
 * reset before it is used again. */
MUST_USE static inline enum scan_result request_scan_next(struct request_scan *scan,
                                                          const struct scan_limits *limits,
                                                          struct span input,
                                                          struct arguments *arguments, size_t *used)
{
    if (likely(scan->at == 0)) {
        *used = request_scan_plain(limits, input, arguments);
        if (likely(*used > 0)) {
            scan->at = *used;
            return SCAN_DONE;
        }
    }
    return request_scan_any(scan, limits, input, arguments, used);
}

/* The <text> of "-ERR Protocol error: <text>" for a BAD scan, terminated. */
const char *request_scan_error(const struct request_scan *scan, char *text, size_t size);

/* Gives the memory back; `arguments` may be used again. */
void arguments_clear(struct arguments *arguments);

/* A reply in progress, RESP2 or RESP3. Zero at the start of each reply (reply_scan_reset).
 * Aggregates are counted flat, so nesting costs nothing and has no limit. */
struct reply_scan {
    size_t at;     /* bytes understood so far */
    uint64_t left; /* values still to come */
    bool started;
    bool in_text; /* `at` is inside a line of text whose end is not there yet */
    size_t need;  /* MORE: bytes the reply will have at least */
};

static inline void reply_scan_reset(struct reply_scan *scan)
{
    *scan = (struct reply_scan){0};
}

/* As reply_scan_next, for replies of any form. */
enum scan_result reply_scan_any(struct reply_scan *scan, size_t limit_bytes, struct span input,
                                size_t *used) MUST_USE;

static inline size_t bulk_scan_plain(struct span input)
{
    struct plain_line line = plain_line(input, 0, '$');
    size_t end = line.next + (size_t)line.number;

    if (likely(end + 2 <= input.size)) {
        return input.at[end] == '\r' && input.at[end + 1] == '\n' ? end + 2 : 0;
    }
    return span_starts_with(input, SPAN("$-1\r\n")) ? 5 : 0;
}

/* The size of a bulk string or an integer that is all there, with a plain line, or of a null or an
 * OK; 0 when it is not so simple. */
static inline size_t reply_scan_plain(struct span input)
{
    if (unlikely(input.size < 4)) {
        return 0;
    }
    if (likely(input.at[0] == '$')) {
        return bulk_scan_plain(input);
    }
    if (input.at[0] == ':') {
        size_t end = plain_line(input, 0, ':').next;
        return end <= input.size ? end : 0;
    }
    return span_starts_with(input, SPAN("+OK\r\n")) ? 5 : 0;
}

/* Looks for one whole reply at the start of `input`. An attribute ('|') belongs to the value
 * behind it. BAD: not RESP, or longer than `limit_bytes`. */
MUST_USE static inline enum scan_result reply_scan_next(struct reply_scan *scan, size_t limit_bytes,
                                                        struct span input, size_t *used)
{
    if (likely(!scan->started)) {
        size_t plain = reply_scan_plain(input);
        if (likely(plain > 0 && plain <= limit_bytes)) {
            *used = plain;
            return SCAN_DONE;
        }
    }
    return reply_scan_any(scan, limit_bytes, input, used);
}

/* For a whole reply of type '*' (or '~', '>'): the number of elements and the offset of the first;
 * false when it is not an array or is null. Elements are then walked with reply_scan_next. */
bool reply_array_open(struct span reply, int64_t *count, size_t *first) MUST_USE;

/* For a map, or what it is in RESP2, an array of names and values: the number of pairs and the
 * offset of the first name. */
bool reply_map_open(struct span reply, int64_t *pairs, size_t *first) MUST_USE;

/* The content of a whole reply of type '$', '+' or '='; false when it is null or of another type.
 */
bool reply_string(struct span reply, struct span *content) MUST_USE;

/* The value of a whole reply of type ':'; false when it is of another type. */
bool reply_integer(struct span reply, int64_t *number) MUST_USE;

/* The value of a whole reply of type ',', or of what it is in RESP2, a string with a number; false
 * when it is of another type, or no number that can be counted with. */
bool reply_double(struct span reply, double *number) MUST_USE;

/* Takes one whole reply off the front of `rest`, as the elements of an array follow each other;
 * false when there is none. */
bool reply_take(struct span *rest, struct span *reply) MUST_USE;

#endif
