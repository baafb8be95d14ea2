/* fuzz_request_scan.c - requests are the same whole and in pieces, and what a Redis server would
 * make of them; their arguments lie inside.
 *
 *      [ limits ][ steps of the pieces ][ a stream of requests ]
 */
#include <string.h>

#include "common/check.h"
#include "common/resp_scan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pieces.h"
#include "tests/fuzz/request_reference.h"

static const struct scan_limits limits_of[] = {
    {1024 * 1024, 512 << 20, 1 << 30, true},
    {10, 16384, 1 << 30, false},
    {100, 64, 256, true},
};

static bool lies_inside(struct span span, const char *start, size_t size)
{
    return span.size == 0 || (span.at >= start && span.at <= start + size &&
                              span.size <= (size_t)(start + size - span.at));
}

static void check_arguments(const struct request_scan *scan, const struct arguments *arguments,
                            struct span input, size_t used)
{
    CHECK(used > 0 && used <= input.size);
    for (uint32_t i = 0; i < arguments->count; i++) {
        struct span argument = arguments->items[i];
        CHECK(scan->is_inline
                  ? lies_inside(argument, arguments->unquoted, arguments->unquoted_capacity)
                  : lies_inside(argument, input.at, used));
    }
}

static void check_same_arguments(const struct arguments *a, const struct arguments *b)
{
    CHECK(a->count == b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        CHECK(span_equal(a->items[i], b->items[i]));
    }
}

static void check_same_error(const struct request_scan *a, const struct request_scan *b)
{
    char text_a[80], text_b[80];
    CHECK(strcmp(request_scan_error(a, text_a, sizeof text_a),
                 request_scan_error(b, text_b, sizeof text_b)) == 0);
}

/* Scans one request in pieces and compares it to what came of it whole. */
static void check_in_pieces(const struct scan_limits *limits, struct pieces pieces,
                            enum scan_result whole, const struct request_scan *whole_scan,
                            const struct arguments *whole_arguments)
{
    struct request_scan scan = {0};
    struct arguments arguments = {0};
    enum scan_result result = SCAN_MORE;
    size_t used = 0;

    while (result == SCAN_MORE && pieces_next(&pieces)) {
        struct span input = pieces_copy(&pieces);
        result = request_scan_next(&scan, limits, input, &arguments, &used);
        if (result == SCAN_MORE) {
            CHECK(scan.need > input.size);
        } else if (result == SCAN_DONE) {
            check_arguments(&scan, &arguments, input, used);
            check_same_arguments(whole_arguments, &arguments);
            CHECK(used == whole_scan->at);
        } else {
            check_same_error(whole_scan, &scan);
        }
        free((char *)input.at);
    }
    CHECK(result == whole);
    arguments_clear(&arguments);
}

static void check_words(const struct arguments *arguments, const struct reference *reference)
{
    const char *at = reference->words.at;

    CHECK(arguments->count == reference->word_count);
    for (uint32_t i = 0; i < arguments->count; i++) {
        uint64_t size;

        memcpy(&size, at, sizeof size);
        CHECK(span_equal(arguments->items[i], (struct span){at + sizeof size, size}));
        at += sizeof size + size;
    }
}

static void check_reference(const struct scan_limits *limits, struct span payload,
                            enum scan_result result, const struct request_scan *scan,
                            const struct arguments *arguments)
{
    struct reference reference = {.result = SCAN_MORE};
    char text[80];

    reference_read(&reference, limits, payload);
    CHECK(result == reference.result);
    if (result == SCAN_DONE) {
        CHECK(scan->at == reference.used);
        check_words(arguments, &reference);
    } else if (result == SCAN_BAD) {
        CHECK(strcmp(request_scan_error(scan, text, sizeof text), reference.error) == 0);
    }
    reference_clear(&reference);
}

/* One request at the start of the payload; returns how many bytes it has, or 0 at the end. */
static size_t request_take(const struct scan_limits *limits, const uint8_t *steps,
                           struct span payload, struct arguments *arguments)
{
    struct request_scan scan = {0};
    size_t used = 0;
    enum scan_result result = request_scan_next(&scan, limits, payload, arguments, &used);
    if (result == SCAN_DONE) {
        check_arguments(&scan, arguments, payload, used);
    }

    check_reference(limits, payload, result, &scan, arguments);

    struct pieces pieces = {.steps = steps, .payload = payload};
    check_in_pieces(limits, pieces, result, &scan, arguments);
    return result == SCAN_DONE ? used : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1 + PIECES_STEPS) {
        return 0;
    }

    const struct scan_limits *limits = &limits_of[bytes[0] % ARRAY_LEN(limits_of)];
    struct span payload = {(const char *)bytes + 1 + PIECES_STEPS, size - 1 - PIECES_STEPS};
    struct arguments arguments = {0};
    size_t used = 1;

    while (used > 0 && payload.size > 0) {
        used = request_take(limits, bytes + 1, payload, &arguments);
        payload = (struct span){payload.at + used, payload.size - used};
    }
    arguments_clear(&arguments);
    return 0;
}
