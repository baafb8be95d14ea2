#include "common/resp_scan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

enum {
    ARGUMENTS_SHOWN = 8,
    LINE_LIMIT = 64 * 1024,
};

static const struct scan_limits usual = {1024 * 1024, 512 << 20, 1 << 30, true};
static const struct scan_limits before_auth = {10, 16384, 1 << 30, false};
static const struct scan_limits small = {4, 10, 40, true};

/* What came of a scan: enough to compare two of them. */
struct outcome {
    enum scan_result result;
    size_t used;
    bool is_inline;
    char error[80];
    char *arguments; /* "size:bytes;" of each */
    size_t arguments_size;
};

static void outcome_describe(struct outcome *outcome, const struct request_scan *scan,
                             const struct arguments *arguments)
{
    if (outcome->result == SCAN_BAD) {
        request_scan_error(scan, outcome->error, sizeof outcome->error);
    }
    if (outcome->result != SCAN_DONE) {
        return;
    }
    FILE *text = open_memstream(&outcome->arguments, &outcome->arguments_size);
    for (uint32_t i = 0; i < arguments->count; i++) {
        fprintf(text, "%zu:", arguments->items[i].size);
        fwrite(arguments->items[i].at, 1, arguments->items[i].size, text);
        fputc(';', text);
    }
    fclose(text);
    outcome->is_inline = scan->is_inline;
}

static void outcome_clear(struct outcome *outcome)
{
    free(outcome->arguments);
    outcome->arguments = NULL;
}

/* Feeds what there is up to each of `ends`, each time in memory of its own and of exactly that
 * size, so that a scanner which looks too far or keeps pointers is found out. */
static struct outcome feed(struct span input, const struct scan_limits *limits, const size_t *ends,
                           size_t count)
{
    struct request_scan scan;
    struct arguments arguments = {0};
    struct outcome outcome = {.result = SCAN_MORE};
    request_scan_reset(&scan);

    for (size_t i = 0; i < count && outcome.result == SCAN_MORE; i++) {
        char *part = memory_raw(ends[i] > 0 ? ends[i] : 1);
        memcpy(part, input.at, ends[i]);
        outcome.result = request_scan_next(&scan, limits, (struct span){part, ends[i]}, &arguments,
                                           &outcome.used);
        if (outcome.result == SCAN_MORE) {
            cr_assert_gt(scan.need, ends[i], "a request that waits needs more than there is");
        }
        outcome_describe(&outcome, &scan, &arguments);
        free(part);
    }
    arguments_clear(&arguments);
    return outcome;
}

static void assert_same(struct outcome *whole, struct outcome cut, const char *name, size_t first,
                        size_t second)
{
    cr_assert_eq(whole->result, cut.result, "%s cut at %zu and %zu", name, first, second);
    cr_assert_str_eq(whole->error, cut.error, "%s cut at %zu and %zu", name, first, second);
    cr_assert_eq(whole->is_inline, cut.is_inline);
    if (whole->result == SCAN_DONE) {
        cr_assert_eq(whole->used, cut.used, "%s cut at %zu and %zu", name, first, second);
        cr_assert_eq(whole->arguments_size, cut.arguments_size);
        cr_assert(memcmp(whole->arguments, cut.arguments, cut.arguments_size) == 0,
                  "%s cut at %zu and %zu", name, first, second);
    }
    outcome_clear(&cut);
}

static void assert_same_at_every_pair_of_cuts(struct span input, const struct scan_limits *limits,
                                              struct outcome *whole, const char *name)
{
    for (size_t first = 0; first <= input.size; first++) {
        for (size_t second = first; second <= input.size; second++) {
            size_t ends[] = {first, second, input.size};
            assert_same(whole, feed(input, limits, ends, 3), name, first, second);
        }
    }
}

static void assert_same_byte_by_byte(struct span input, const struct scan_limits *limits,
                                     struct outcome *whole, const char *name)
{
    size_t *ends = memory_new(input.size, sizeof *ends);
    for (size_t i = 0; i < input.size; i++) {
        ends[i] = i + 1;
    }
    assert_same(whole, feed(input, limits, ends, input.size), name, 1, input.size);
    free(ends);
}

static const struct {
    const char *name;
    struct span input;
    size_t used; /* 0: all of it */
    uint32_t count;
    struct span arguments[ARGUMENTS_SHOWN];
} requests[] = {
    {"one argument", SPAN("*1\r\n$4\r\nPING\r\n"), 0, 1, {SPAN("PING")}},
    {"three arguments",
     SPAN("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n$3\r\nxyz\r\n"),
     0,
     3,
     {SPAN("SET"), SPAN("key:000000012345"), SPAN("xyz")}},
    {"the next request stays",
     SPAN("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n"),
     20,
     2,
     {SPAN("GET"), SPAN("k")}},
    {"an empty argument", SPAN("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"), 0, 2, {SPAN("ECHO"), SPAN("")}},
    {"binary arguments",
     SPAN("*2\r\n$3\r\n\0\r\n\r\n$7\r\n*1\r\n$1\r\r\n"),
     0,
     2,
     {SPAN("\0\r\n"), SPAN("*1\r\n$1\r")}},
    {"no arguments at all", SPAN("*0\r\nPING\r\n"), 4, 0, {{0}}},
    {"less than no arguments", SPAN("*-1\r\nPING\r\n"), 5, 0, {{0}}},
    {"far less than no arguments", SPAN("*-9223372036854775808\r\n"), 0, 0, {{0}}},
    {"any byte behind a CR is the LF",
     SPAN("*2\rx$3\r\rGET\r\n$1\r$k\r\n"),
     0,
     2,
     {SPAN("GET"), SPAN("k")}},
    {"any two bytes end an argument",
     SPAN("*2\r\n$3\r\nGET..$1\r\nk$$"),
     0,
     2,
     {SPAN("GET"), SPAN("k")}},
    {"a line", SPAN("PING\r\n"), 0, 1, {SPAN("PING")}},
    {"a line that ends with LF", SPAN("GET k\n*"), 6, 2, {SPAN("GET"), SPAN("k")}},
    {"an empty line", SPAN("\r\nPING\r\n"), 2, 0, {{0}}},
    {"an LF alone", SPAN("\nPING\r\n"), 1, 0, {{0}}},
    {"a line of blanks", SPAN(" \t\v\f \r\n"), 0, 0, {{0}}},
    {"blanks around words", SPAN("  GET \t k  \r\n"), 0, 2, {SPAN("GET"), SPAN("k")}},
    {"a CR inside a line separates", SPAN("GET\rk\r\r\n"), 0, 2, {SPAN("GET"), SPAN("k")}},
    {"a vertical tab separates only where a word could start",
     SPAN("a\vb \vc\n"),
     0,
     2,
     {SPAN("a\vb"), SPAN("c")}},
    {"double quotes and escapes",
     SPAN("SET \"a b\" \"\\x41\\n\\r\\t\\b\\a\\q\\\"\\\\\"\r\n"),
     0,
     3,
     {SPAN("SET"), SPAN("a b"), SPAN("A\n\r\t\b\aq\"\\")}},
    {"a hex escape can be any byte", SPAN("\"\\x00\\xfF\"\r\n"), 0, 1, {SPAN("\0\xff")}},
    {"a hex escape needs two digits",
     SPAN("\"\\x4\" \"\\xg0\" \"\\x\"\n"),
     0,
     3,
     {SPAN("x4"), SPAN("xg0"), SPAN("x")}},
    {"single quotes know one escape",
     SPAN("SET 'it\\'s' '\\n \"'\r\n"),
     0,
     3,
     {SPAN("SET"), SPAN("it's"), SPAN("\\n \"")}},
    {"a quoted word may be empty",
     SPAN("ECHO \"\" ''\n"),
     0,
     3,
     {SPAN("ECHO"), SPAN(""), SPAN("")}},
    {"quotes may open inside a word", SPAN("a\"b c\" d'e'\n"), 0, 2, {SPAN("ab c"), SPAN("de")}},
    {"a backslash outside of quotes is itself",
     SPAN("a\\n \\\n"),
     0,
     2,
     {SPAN("a\\n"), SPAN("\\")}},
    {"bytes over 127 are plain",
     SPAN("\xff\xa0\x85 \x80\n"),
     0,
     2,
     {SPAN("\xff\xa0\x85"), SPAN("\x80")}},
    {"a zero byte behind the line does not matter", SPAN("PING\n\0"), 5, 1, {SPAN("PING")}},
};

Test(request_scan, finds_the_end_and_the_arguments)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        struct span input = requests[i].input;
        struct request_scan scan = {0};
        struct arguments arguments = {0};
        size_t used = 0;

        cr_assert_eq(request_scan_next(&scan, &usual, input, &arguments, &used), SCAN_DONE, "%s",
                     requests[i].name);
        cr_assert_eq(used, requests[i].used > 0 ? requests[i].used : input.size, "%s: used %zu",
                     requests[i].name, used);
        cr_assert_eq(arguments.count, requests[i].count, "%s: %u arguments", requests[i].name,
                     arguments.count);
        cr_assert_eq(scan.is_inline, input.at[0] != '*', "%s", requests[i].name);
        for (uint32_t k = 0; k < arguments.count; k++) {
            cr_assert(span_equal(arguments.items[k], requests[i].arguments[k]),
                      "%s: argument %u is '%.*s'", requests[i].name, k,
                      (int)arguments.items[k].size, arguments.items[k].at);
        }
        arguments_clear(&arguments);
    }
}

Test(request_scan, cuts_do_not_change_a_request, .timeout = 60)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        struct span input = requests[i].input;
        struct outcome whole = feed(input, &usual, &input.size, 1);
        assert_same_at_every_pair_of_cuts(input, &usual, &whole, requests[i].name);
        assert_same_byte_by_byte(input, &usual, &whole, requests[i].name);
        outcome_clear(&whole);
    }
}

static const struct {
    const char *name;
    struct span input;
    const struct scan_limits *limits;
    const char *error;
} refusals[] = {
    {"no count", SPAN("*\r\n"), &usual, "invalid multibulk length"},
    {"a count in words", SPAN("*one\r\n"), &usual, "invalid multibulk length"},
    {"a count with a plus", SPAN("*+1\r\n"), &usual, "invalid multibulk length"},
    {"a count with a zero in front", SPAN("*01\r\n"), &usual, "invalid multibulk length"},
    {"a count with a blank", SPAN("*1 \r\n"), &usual, "invalid multibulk length"},
    {"a negative zero", SPAN("*-0\r\n"), &usual, "invalid multibulk length"},
    {"a count past int64", SPAN("*9223372036854775808\r\n"), &usual, "invalid multibulk length"},
    {"a count past the limit", SPAN("*1048577\r\n"), &usual, "invalid multibulk length"},
    {"a count past a small limit", SPAN("*5\r\n"), &small, "invalid multibulk length"},
    {"11 arguments before AUTH", SPAN("*11\r\n"), &before_auth, "unauthenticated multibulk length"},
    {"2^31 arguments before AUTH", SPAN("*2147483648\r\n"), &before_auth,
     "invalid multibulk length"},
    {"no dollar", SPAN("*1\r\nPING\r\n"), &usual, "expected '$', got 'P'"},
    {"an empty line in place of a length", SPAN("*1\r\n\r\n"), &usual, "expected '$', got ' '"},
    {"no length", SPAN("*1\r\n$\r\n"), &usual, "invalid bulk length"},
    {"a length in words", SPAN("*1\r\n$four\r\nPING\r\n"), &usual, "invalid bulk length"},
    {"a length with a zero in front", SPAN("*1\r\n$04\r\nPING\r\n"), &usual, "invalid bulk length"},
    {"a negative length", SPAN("*1\r\n$-1\r\n"), &usual, "invalid bulk length"},
    {"a length past the limit", SPAN("*1\r\n$536870913\r\n"), &usual, "invalid bulk length"},
    {"a length past int64", SPAN("*1\r\n$9223372036854775808\r\n"), &usual, "invalid bulk length"},
    {"the largest length of all", SPAN("*1\r\n$9223372036854775807\r\n"), &usual,
     "invalid bulk length"},
    {"a length past a small limit", SPAN("*1\r\n$11\r\n"), &small, "invalid bulk length"},
    {"the second length is wrong", SPAN("*2\r\n$1\r\na\r\n$x\r\n"), &usual, "invalid bulk length"},
    {"16385 bytes before AUTH", SPAN("*1\r\n$16385\r\n"), &before_auth,
     "unauthenticated bulk length"},
    {"a negative length before AUTH", SPAN("*1\r\n$-1\r\n"), &before_auth, "invalid bulk length"},
    {"513 MB before AUTH", SPAN("*1\r\n$536870913\r\n"), &before_auth, "invalid bulk length"},
    {"41 bytes in all", SPAN("*3\r\n$9\r\n123456789\r\n$9\r\n123456789\r\n$1\r\n1\r\n"), &small,
     "too big request"},
    {"an inline request of 41 bytes", SPAN("1234567890123456789012345678901234567890\n"), &small,
     "too big request"},
    {"a quote that stays open", SPAN("SET \"k\r\n"), &usual, "unbalanced quotes in request"},
    {"a single quote that stays open", SPAN("SET 'k\r\n"), &usual, "unbalanced quotes in request"},
    {"an escaped quote does not close", SPAN("SET \"k\\\"\r\n"), &usual,
     "unbalanced quotes in request"},
    {"a word right behind a quote", SPAN("SET \"k\"v\r\n"), &usual, "unbalanced quotes in request"},
    {"a word right behind a single quote", SPAN("SET 'k'\"v\"\r\n"), &usual,
     "unbalanced quotes in request"},
};

Test(request_scan, refuses_in_the_words_of_redis_wherever_it_is_cut, .timeout = 60)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct span input = refusals[i].input;
        struct outcome whole = feed(input, refusals[i].limits, &input.size, 1);

        cr_assert_eq(whole.result, SCAN_BAD, "%s", refusals[i].name);
        cr_assert_str_eq(whole.error, refusals[i].error, "%s", refusals[i].name);
        assert_same_at_every_pair_of_cuts(input, refusals[i].limits, &whole, refusals[i].name);
    }
}

static const struct {
    const char *name;
    struct span input;
    const struct scan_limits *limits;
} unfinished[] = {
    {"nothing", SPAN(""), &usual},
    {"a count without its CR", SPAN("*3"), &usual},
    {"a count without its LF", SPAN("*3\r"), &usual},
    {"a wrong type byte whose line is not whole", SPAN("*1\r\nPING"), &usual},
    {"a wrong number whose line is not whole", SPAN("*1\r\n$x"), &usual},
    {"an argument without its end", SPAN("*1\r\n$4\r\nPING\r"), &usual},
    {"a line without its LF", SPAN("PING \"a\r"), &usual},
    {"a zero byte hides the end of a line", SPAN("PI\0NG\r\n"), &usual},
    {"a zero byte hides the end of a count", SPAN("*1\0\r\n$4\r\nPING\r\n"), &usual},
    {"10 arguments before AUTH", SPAN("*10\r\n"), &before_auth},
    {"16384 bytes before AUTH", SPAN("*1\r\n$16384\r\n"), &before_auth},
    {"512 MB", SPAN("*1\r\n$536870912\r\n"), &usual},
    {"as many arguments as may be", SPAN("*1048576\r\n"), &usual},
    {"40 bytes in all", SPAN("*3\r\n$9\r\n123456789\r\n$9\r\n123456789\r\n$0\r\n"), &small},
};

Test(request_scan, waits_for_what_is_missing)
{
    for (size_t i = 0; i < ARRAY_LEN(unfinished); i++) {
        struct span input = unfinished[i].input;
        struct outcome whole = feed(input, unfinished[i].limits, &input.size, 1);
        cr_assert_eq(whole.result, SCAN_MORE, "%s", unfinished[i].name);
        assert_same_at_every_pair_of_cuts(input, unfinished[i].limits, &whole, unfinished[i].name);
    }
}

Test(request_scan, says_how_many_bytes_a_large_argument_needs)
{
    struct request_scan scan = {0};
    struct arguments arguments = {0};
    size_t used;
    struct span input = SPAN("*2\r\n$4\r\nECHO\r\n$1000000\r\nabc");

    cr_assert_eq(request_scan_next(&scan, &usual, input, &arguments, &used), SCAN_MORE);
    cr_assert_eq(scan.need, input.size - 3 + 1000000 + 2);
    arguments_clear(&arguments);
}

/* A line of `size` bytes and `tail` behind it. */
static struct span long_line(const char *head, size_t size, const char *tail)
{
    size_t head_size = strlen(head);
    size_t tail_size = strlen(tail);
    char *line = memory_raw(size + tail_size + 1);
    memset(line, '1', size);
    memcpy(line, head, head_size);
    memcpy(line + size, tail, tail_size + 1);
    return (struct span){line, size + tail_size};
}

static const struct {
    const char *name;
    const char *head;
    const char *tail;
    size_t before; /* bytes in front of the line that is too long */
    enum scan_result at_limit;
    const char *over_limit;
} long_lines[] = {
    {"an inline line", "PING ", "\r\n", 0, SCAN_BAD, "too big inline request"},
    {"an inline line that ends with LF", "PING ", "\n", 0, SCAN_DONE, "too big inline request"},
    {"a count line", "*", "\r\n", 0, SCAN_BAD, "too big mbulk count string"},
    {"a length line", "*1\r\n$", "\r\n", 4, SCAN_BAD, "too big bulk count string"},
    {"a line without an end", "PING ", "", 0, SCAN_MORE, "too big inline request"},
};

Test(request_scan, lines_may_have_64_kib_and_no_more)
{
    for (size_t i = 0; i < ARRAY_LEN(long_lines); i++) {
        size_t size = long_lines[i].before + LINE_LIMIT;
        struct span fits = long_line(long_lines[i].head, size, long_lines[i].tail);
        struct span over = long_line(long_lines[i].head, size + 1, long_lines[i].tail);
        struct outcome fitting = feed(fits, &usual, &fits.size, 1);
        struct outcome refused = feed(over, &usual, &over.size, 1);

        cr_assert_eq(fitting.result, long_lines[i].at_limit, "%s", long_lines[i].name);
        cr_assert_eq(refused.result, SCAN_BAD, "%s", long_lines[i].name);
        cr_assert_str_eq(refused.error, long_lines[i].over_limit, "%s", long_lines[i].name);
        for (size_t cut = size - 3; cut <= over.size; cut++) {
            size_t ends[] = {cut, over.size};
            assert_same(&refused, feed(over, &usual, ends, 2), long_lines[i].name, cut, cut);
            ends[0] = size_min(cut, fits.size);
            ends[1] = fits.size;
            assert_same(&fitting, feed(fits, &usual, ends, 2), long_lines[i].name, cut, cut);
        }
        outcome_clear(&fitting);
        free((char *)fits.at);
        free((char *)over.at);
    }
}

static struct span many_arguments(size_t count)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&bytes, &size);
    fprintf(file, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "$5\r\n%05zu\r\n", i);
    }
    fclose(file);
    return (struct span){bytes, size};
}

/* Byte by byte in place: quadratic work would take minutes. */
Test(request_scan, a_hundred_thousand_arguments_may_come_byte_by_byte, .timeout = 20)
{
    struct span input = many_arguments(100000);
    struct request_scan scan = {0};
    struct arguments arguments = {0};
    size_t used = 0;

    for (size_t size = 0; size < input.size; size++) {
        struct span part = {input.at, size};
        cr_assert_eq(request_scan_next(&scan, &usual, part, &arguments, &used), SCAN_MORE);
    }
    cr_assert_eq(request_scan_next(&scan, &usual, input, &arguments, &used), SCAN_DONE);
    cr_assert_eq(used, input.size);
    cr_assert_eq(arguments.count, 100000);
    cr_assert(span_equal(arguments.items[0], SPAN("00000")));
    cr_assert(span_equal(arguments.items[99999], SPAN("99999")));

    arguments_clear(&arguments);
    free((char *)input.at);
}

Test(request_scan, announced_arguments_allocate_nothing)
{
    struct request_scan scan = {0};
    struct arguments arguments = {0};
    size_t used;

    struct span input = SPAN("*1048576\r\n$536870912\r\n");
    cr_assert_eq(request_scan_next(&scan, &usual, input, &arguments, &used), SCAN_MORE);
    cr_assert_eq(arguments.capacity, 0);
}

Test(request_scan, arguments_are_used_again_from_request_to_request)
{
    struct arguments arguments = {0};
    struct span stream = SPAN("*2\r\n$3\r\nGET\r\n$1\r\nk\r\nECHO 'x y'\r\n*1\r\n$4\r\nPING\r\n");
    const uint32_t counts[] = {2, 2, 1};
    struct span *items = NULL;

    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct request_scan scan = {0};
        size_t used = 0;
        cr_assert_eq(request_scan_next(&scan, &usual, stream, &arguments, &used), SCAN_DONE);
        cr_assert_eq(arguments.count, counts[i]);
        cr_assert(items == NULL || items == arguments.items);
        items = arguments.items;
        stream = (struct span){stream.at + used, stream.size - used};
    }
    cr_assert_eq(stream.size, 0);
    arguments_clear(&arguments);
    cr_assert_eq(arguments.capacity, 0);
}
