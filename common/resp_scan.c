#include "common/resp_scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/inline_split.h"
#include "common/memory.h"
#include "common/resp_line.h"

enum {
    LINE_MAX_BYTES = 64 * 1024, /* Redis's PROTO_INLINE_MAX_SIZE */
    ARGUMENTS_FIRST = 16,
};

/* Beyond these Redis does not even ask who the client is. */
static const int64_t count_max = INT32_MAX;
static const int64_t bulk_bytes_max = 512LL * 1024 * 1024;

void arguments_grow(struct arguments *arguments)
{
    CHECK(arguments->capacity <= UINT32_MAX / 2);
    arguments->capacity = arguments->capacity == 0 ? ARGUMENTS_FIRST : arguments->capacity * 2;
    arguments->items =
        memory_resize(arguments->items, arguments->capacity, sizeof *arguments->items);
}

void arguments_clear(struct arguments *arguments)
{
    free(arguments->items);
    free(arguments->unquoted);
    *arguments = (struct arguments){0};
}

static enum scan_result refuse(struct request_scan *scan, enum protocol_error error)
{
    scan->error = error;
    return SCAN_BAD;
}

/* At least one byte more than is there. */
static enum scan_result wait_for_more(struct request_scan *scan, struct span input)
{
    scan->need = input.size + 1;
    return SCAN_MORE;
}

/* The text of a line up to its `mark`. Redis looks for it with strchr, so a zero byte hides
 * whatever is behind it, and gives up once a read leaves more than LINE_MAX_BYTES without it. Here
 * the line itself is measured, so that the answer does not depend on where reads were cut. */
static enum scan_result line_find(struct span line, char mark, size_t *size)
{
    const char *end = memchr(line.at, mark, size_min(line.size, LINE_MAX_BYTES + 1));
    if (end == NULL || memchr(line.at, '\0', (size_t)(end - line.at)) != NULL) {
        return line.size > LINE_MAX_BYTES ? SCAN_BAD : SCAN_MORE;
    }
    *size = (size_t)(end - line.at);
    return SCAN_DONE;
}

/* What a number line may be refused for. */
struct line_rules {
    char type;
    enum protocol_error too_long;
    enum protocol_error no_number;
};

static const struct line_rules count_line = {'*', PROTOCOL_ERROR_BIG_COUNT_LINE,
                                             PROTOCOL_ERROR_BAD_COUNT};
static const struct line_rules length_line = {'$', PROTOCOL_ERROR_BIG_LENGTH_LINE,
                                              PROTOCOL_ERROR_BAD_LENGTH};

/* A number line at scan->at which is not plain. Redis takes any byte behind the CR for the LF, and
 * looks at the type byte only when the line is whole. */
static enum scan_result odd_line(struct request_scan *scan, const struct line_rules *rules,
                                 struct span input, int64_t *number, size_t *next)
{
    struct span line = {input.at + scan->at, input.size - scan->at};
    size_t size = 0;
    enum scan_result found = line_find(line, '\r', &size);
    if (found == SCAN_BAD) {
        return refuse(scan, rules->too_long);
    }
    if (found == SCAN_MORE || size + 2 > line.size) {
        return wait_for_more(scan, input);
    }

    if (line.at[0] != rules->type) {
        scan->unexpected = line.at[0];
        return refuse(scan, PROTOCOL_ERROR_NO_DOLLAR);
    }
    if (!span_to_int64((struct span){line.at + 1, size - 1}, number)) {
        return refuse(scan, rules->no_number);
    }
    *next = scan->at + size + 2;
    return SCAN_DONE;
}

static inline enum scan_result number_line(struct request_scan *scan,
                                           const struct line_rules *rules, struct span input,
                                           int64_t *number, size_t *next)
{
    struct plain_line line = plain_line(input, scan->at, rules->type);
    if (likely(line.next != LINE_IS_ODD)) {
        *number = line.number;
        *next = line.next;
        return SCAN_DONE;
    }
    return odd_line(scan, rules, input, number, next);
}

static enum scan_result count_scan(struct request_scan *scan, const struct scan_limits *limits,
                                   struct span input)
{
    int64_t count = 0;
    enum scan_result result = number_line(scan, &count_line, input, &count, &scan->at);
    if (unlikely(result != SCAN_DONE)) {
        return result;
    }

    if (unlikely(count > limits->arguments)) {
        return refuse(scan, !limits->authenticated && count <= count_max
                                ? PROTOCOL_ERROR_UNAUTHENTICATED_COUNT
                                : PROTOCOL_ERROR_BAD_COUNT);
    }
    scan->left = count > 0 ? count : 0;
    scan->counting = true;
    return SCAN_DONE;
}

static enum scan_result refuse_length(struct request_scan *scan, const struct scan_limits *limits,
                                      int64_t length)
{
    return refuse(scan, length >= 0 && length <= bulk_bytes_max && !limits->authenticated
                            ? PROTOCOL_ERROR_UNAUTHENTICATED_LENGTH
                            : PROTOCOL_ERROR_BAD_LENGTH);
}

/* The argument at scan->at: "$n", n bytes, and two that Redis does not look at. */
static inline enum scan_result argument_scan(struct request_scan *scan,
                                             const struct scan_limits *limits, struct span input,
                                             struct span *argument)
{
    int64_t length = 0;
    size_t content = 0;
    enum scan_result result = number_line(scan, &length_line, input, &length, &content);
    if (unlikely(result != SCAN_DONE)) {
        return result;
    }
    if (unlikely(length < 0 || length > limits->bulk_bytes)) {
        return refuse_length(scan, limits, length);
    }

    size_t end = content + (size_t)length + 2;
    if (unlikely(end > limits->request_bytes)) {
        return refuse(scan, PROTOCOL_ERROR_BIG_REQUEST);
    }
    if (unlikely(end > input.size)) {
        scan->need = end;
        return SCAN_MORE;
    }
    *argument = (struct span){input.at + content, (size_t)length};
    scan->at = end;
    return SCAN_DONE;
}

/* Goes on at scan->at; with `arguments` NULL the arguments are passed over. */
static inline enum scan_result multibulk_scan(struct request_scan *scan,
                                              const struct scan_limits *limits, struct span input,
                                              struct arguments *arguments)
{
    if (!scan->counting) {
        enum scan_result result = count_scan(scan, limits, input);
        if (unlikely(result != SCAN_DONE)) {
            return result;
        }
    }
    for (; scan->left > 0; scan->left--) {
        struct span argument;
        enum scan_result result = argument_scan(scan, limits, input, &argument);
        if (unlikely(result != SCAN_DONE)) {
            return result;
        }
        if (arguments != NULL) {
            arguments_push(arguments, argument);
        }
    }
    return SCAN_DONE;
}

/* A request that came in pieces: its bytes may have moved in between, so while bytes are missing
 * only the place is kept, and one walk over the whole of it finds the arguments. */
static enum scan_result resumed_scan(struct request_scan *scan, const struct scan_limits *limits,
                                     struct span input, struct arguments *arguments)
{
    enum scan_result result = multibulk_scan(scan, limits, input, NULL);
    if (result != SCAN_DONE) {
        return result;
    }
    request_scan_reset(scan);
    return multibulk_scan(scan, limits, input, arguments);
}

/* A request that does not start with '*': a line of words. scan->at is how far there is no LF. */
static enum scan_result line_scan(struct request_scan *scan, const struct scan_limits *limits,
                                  struct span input, struct arguments *arguments)
{
    struct span fresh = {input.at + scan->at, size_min(input.size, LINE_MAX_BYTES + 1) - scan->at};
    size_t size = 0;
    if (line_find(fresh, '\n', &size) != SCAN_DONE) {
        const char *zero = memchr(fresh.at, '\0', fresh.size);
        scan->at += zero != NULL ? (size_t)(zero - fresh.at) : fresh.size;
        return input.size > LINE_MAX_BYTES ? refuse(scan, PROTOCOL_ERROR_BIG_INLINE)
                                           : wait_for_more(scan, input);
    }

    scan->at += size + 1;
    scan->is_inline = true;
    if (scan->at > limits->request_bytes) {
        return refuse(scan, PROTOCOL_ERROR_BIG_REQUEST);
    }
    struct span line = {input.at, scan->at - 1};
    if (line.size > 0 && line.at[line.size - 1] == '\r') {
        line.size--;
    }
    return inline_split(line, arguments) ? SCAN_DONE
                                         : refuse(scan, PROTOCOL_ERROR_UNBALANCED_QUOTES);
}

enum scan_result request_scan_any(struct request_scan *scan, const struct scan_limits *limits,
                                  struct span input, struct arguments *arguments, size_t *used)
{
    CHECK(scan->at <= input.size);
    if (unlikely(input.size == 0)) {
        return wait_for_more(scan, input);
    }

    enum scan_result result;
    arguments->count = 0;
    if (unlikely(input.at[0] != '*')) {
        result = line_scan(scan, limits, input, arguments);
    } else if (unlikely(scan->counting)) {
        result = resumed_scan(scan, limits, input, arguments);
    } else {
        result = multibulk_scan(scan, limits, input, arguments);
    }
    *used = scan->at;
    return result;
}

const char *request_scan_error(const struct request_scan *scan, char *text, size_t size)
{
    static const char *const texts[] = {
#define ROW(symbol, words) [PROTOCOL_ERROR_##symbol] = words,
        PROTOCOL_ERRORS(ROW)
#undef ROW
    };

    const char *words = texts[scan->error];
    if (scan->error != PROTOCOL_ERROR_NO_DOLLAR) {
        snprintf(text, size, "%s", words);
    } else {
        bool breaks_line = scan->unexpected == '\r' || scan->unexpected == '\n';
        snprintf(text, size, "%s%c'", words, breaks_line ? ' ' : scan->unexpected);
    }
    return text;
}
