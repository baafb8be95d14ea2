#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/memory.h"
#include "common/resp_scan.h"

enum {
    NO_LIMIT = 1 << 30,
    WITNESS_NESTING = 6, /* hiredis 0.14 takes seven levels */
};

static enum scan_result scan_whole(struct span input, size_t limit, size_t *used)
{
    struct reply_scan scan = {0};
    return reply_scan_next(&scan, limit, input, used);
}

/* Feeds what there is up to each of `ends`, each time in memory of its own and of exactly that
 * size, so that a scanner which looks too far or keeps pointers is found out. */
static enum scan_result feed(struct span input, size_t limit, const size_t *ends, size_t count,
                             size_t *used)
{
    struct reply_scan scan;
    enum scan_result result = SCAN_MORE;
    reply_scan_reset(&scan);

    for (size_t i = 0; i < count && result == SCAN_MORE; i++) {
        char *part = memory_raw(ends[i] > 0 ? ends[i] : 1);
        memcpy(part, input.at, ends[i]);
        result = reply_scan_next(&scan, limit, (struct span){part, ends[i]}, used);
        if (result == SCAN_MORE) {
            cr_assert_gt(scan.need, ends[i], "a reply that waits needs more than there is");
        }
        free(part);
    }
    return result;
}

static void assert_same(struct span input, size_t limit, const size_t *ends, size_t count)
{
    size_t used = 0, whole_used = 0;
    enum scan_result whole = scan_whole(input, limit, &whole_used);
    enum scan_result cut = feed(input, limit, ends, count, &used);
    cr_assert_eq(whole, cut, "%.*s cut at %zu", (int)input.size, input.at, ends[0]);
    cr_assert_eq(whole_used, used, "%.*s cut at %zu", (int)input.size, input.at, ends[0]);
}

static void assert_cuts_change_nothing(struct span input, size_t limit)
{
    size_t *all = memory_new(input.size + 1, sizeof *all);
    for (size_t first = 0; first <= input.size; first++) {
        all[first] = first;
        for (size_t second = first; second <= input.size; second++) {
            size_t ends[] = {first, second, input.size};
            assert_same(input, limit, ends, 3);
        }
    }
    assert_same(input, limit, all, input.size + 1);
    free(all);
}

static const struct {
    struct span input;
    size_t used; /* 0: all of it */
} replies[] = {
    {SPAN("+OK\r\n"), 0},
    {SPAN("+\r\n"), 0},
    {SPAN("+OK\r\n+next\r\n"), 5},
    {SPAN("+a\rb\nc\r\r\n"), 0},
    {SPAN("-ERR unknown command\r\n"), 0},
    {SPAN(":0\r\n"), 0},
    {SPAN(":-9223372036854775808\r\n"), 0},
    {SPAN(":9223372036854775807\r\n:1\r\n"), 22},
    {SPAN("$5\r\nhello\r\n"), 0},
    {SPAN("$0\r\n\r\n"), 0},
    {SPAN("$-1\r\n$-1\r\n"), 5},
    {SPAN("$4\r\n\r\n\r\n\r\n"), 0},
    {SPAN("*0\r\n"), 0},
    {SPAN("*-1\r\n"), 0},
    {SPAN("*2\r\n$1\r\na\r\n$-1\r\n+behind\r\n"), 16},
    {SPAN("*3\r\n*1\r\n:1\r\n*0\r\n*2\r\n+a\r\n*-1\r\n"), 0},
    {SPAN("_\r\n_\r\n"), 3},
    {SPAN("#t\r\n"), 0},
    {SPAN("#f\r\n"), 0},
    {SPAN(",3.14\r\n"), 0},
    {SPAN(",-inf\r\n"), 0},
    {SPAN("(3492890328409238509324850943850943825024385\r\n"), 0},
    {SPAN("!21\r\nSYNTAX invalid syntax\r\n"), 0},
    {SPAN("=15\r\ntxt:Some string\r\n"), 0},
    {SPAN("%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n#t\r\n_\r\n:9\r\n"), 27},
    {SPAN("%0\r\n"), 0},
    {SPAN("~2\r\n+a\r\n+b\r\n"), 0},
    {SPAN(">2\r\n+message\r\n$1\r\nx\r\n"), 0},
    {SPAN("|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n:2\r\n+next\r\n"), 29},
    {SPAN("*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n:3\r\n"), 24},
    {SPAN("|0\r\n|0\r\n+OK\r\n"), 0},
};

Test(reply_scan, finds_the_end)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        size_t used = 0;
        struct span input = replies[i].input;
        cr_assert_eq(scan_whole(input, NO_LIMIT, &used), SCAN_DONE, "%s", input.at);
        cr_assert_eq(used, replies[i].used > 0 ? replies[i].used : input.size, "%s: used %zu",
                     input.at, used);
    }
}

Test(reply_scan, cuts_do_not_change_a_reply, .timeout = 60)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        assert_cuts_change_nothing(replies[i].input, NO_LIMIT);
    }
}

static const struct span no_replies[] = {
    SPAN("PING\r\n"),
    SPAN("\r\n"),
    SPAN(":\r\n"),
    SPAN(":+1\r\n"),
    SPAN(":01\r\n"),
    SPAN(":1 \r\n"),
    SPAN(":1\rx"),
    SPAN(":9223372036854775808\r\n"),
    SPAN(":1111111111111111111111111"),
    SPAN("$\r\n"),
    SPAN("$-2\r\n"),
    SPAN("$x\r\n"),
    SPAN("$?\r\n"),
    SPAN("$2\r\nabc\r\n"),
    SPAN("$2\r\nab\rx"),
    SPAN("!-1\r\n"),
    SPAN("=-1\r\n"),
    SPAN("$9223372036854775807\r\n"),
    SPAN("*-2\r\n"),
    SPAN("*?\r\n"),
    SPAN("%-1\r\n"),
    SPAN("~-1\r\n"),
    SPAN(">-1\r\n"),
    SPAN("*9223372036854775807\r\n"),
    SPAN("%9223372036854775807\r\n"),
    SPAN("%4611686018427387904\r\n"),
    SPAN("|9223372036854775807\r\n"),
    SPAN("_x\r\n"),
    SPAN("_\rx"),
    SPAN("#x\r\n"),
    SPAN("#tt\r\n"),
    SPAN("*2\r\n:1\r\nx"),
};

Test(reply_scan, refuses_what_is_no_reply_wherever_it_is_cut)
{
    for (size_t i = 0; i < ARRAY_LEN(no_replies); i++) {
        size_t used = 0;
        cr_assert_eq(scan_whole(no_replies[i], NO_LIMIT, &used), SCAN_BAD, "%s", no_replies[i].at);
        assert_cuts_change_nothing(no_replies[i], NO_LIMIT);
    }
}

static const struct {
    struct span input;
    enum scan_result result; /* under a limit of 12 bytes */
} limited[] = {
    {SPAN("$6\r\n123456\r\n"), SCAN_DONE},
    {SPAN("$7\r\n1234567\r\n"), SCAN_BAD},
    {SPAN("$7\r\n"), SCAN_BAD},
    {SPAN("$6\r\n"), SCAN_MORE},
    {SPAN("+123456789\r\n"), SCAN_DONE},
    {SPAN("+1234567890\r\n"), SCAN_BAD},
    {SPAN("+1234567890"), SCAN_MORE},
    {SPAN("+12345678901"), SCAN_BAD},
    {SPAN("*2\r\n:1\r\n:2\r\n+OK\r\n"), SCAN_DONE},
    {SPAN("*2\r\n:1\r\n:23\r\n"), SCAN_BAD},
    {SPAN("*5\r\n"), SCAN_BAD},
    {SPAN("%2\r\n"), SCAN_BAD},
    {SPAN("*3\r\n*3\r\n"), SCAN_BAD},
};

Test(reply_scan, refuses_replies_over_the_limit_wherever_they_are_cut)
{
    for (size_t i = 0; i < ARRAY_LEN(limited); i++) {
        size_t used = 0;
        cr_assert_eq(scan_whole(limited[i].input, 12, &used), limited[i].result, "%s",
                     limited[i].input.at);
        assert_cuts_change_nothing(limited[i].input, 12);
    }
}

Test(reply_scan, says_how_many_bytes_a_large_value_needs)
{
    struct reply_scan scan = {0};
    size_t used;
    struct span input = SPAN("*2\r\n:1\r\n$1000000\r\nabc");
    cr_assert_eq(reply_scan_next(&scan, NO_LIMIT, input, &used), SCAN_MORE);
    cr_assert_eq(scan.need, input.size - 3 + 1000000 + 2);
}

Test(reply_scan, nesting_costs_nothing)
{
    enum { LEVELS = 1000000 };
    char *bytes = memory_raw(LEVELS * 4 + 4);
    for (size_t i = 0; i < LEVELS; i++) {
        memcpy(bytes + i * 4, "*1\r\n", 4);
    }
    memcpy(bytes + LEVELS * 4, ":1\r\n", 4);

    size_t used = 0;
    struct span input = {bytes, LEVELS * 4 + 4};
    cr_assert_eq(scan_whole(input, NO_LIMIT, &used), SCAN_DONE);
    cr_assert_eq(used, input.size);
    free(bytes);
}

/* Byte by byte in place: quadratic work would take minutes. */
Test(reply_scan, a_long_line_may_come_byte_by_byte, .timeout = 20)
{
    enum { SIZE = 2000000 };
    char *bytes = memory_raw(SIZE);
    memset(bytes, 'x', SIZE);
    bytes[0] = '-';
    memcpy(bytes + SIZE - 2, "\r\n", 2);

    struct reply_scan scan = {0};
    size_t used = 0;
    for (size_t size = 0; size < SIZE; size++) {
        cr_assert_eq(reply_scan_next(&scan, NO_LIMIT, (struct span){bytes, size}, &used),
                     SCAN_MORE);
    }
    cr_assert_eq(reply_scan_next(&scan, NO_LIMIT, (struct span){bytes, SIZE}, &used), SCAN_DONE);
    cr_assert_eq(used, SIZE);
    free(bytes);
}

Test(reply_parts, strings_are_bulks_and_status_lines)
{
    struct span content;
    cr_assert(reply_string(SPAN("$5\r\nhello\r\n"), &content));
    cr_assert(span_equal(content, SPAN("hello")));
    cr_assert(reply_string(SPAN("$0\r\n\r\n"), &content));
    cr_assert_eq(content.size, 0);
    cr_assert(reply_string(SPAN("+OK\r\n"), &content));
    cr_assert(span_equal(content, SPAN("OK")));

    cr_assert_not(reply_string(SPAN("$-1\r\n"), &content));
    cr_assert_not(reply_string(SPAN(":1\r\n"), &content));
    cr_assert_not(reply_string(SPAN("-ERR\r\n"), &content));
    cr_assert_not(reply_string(SPAN("_\r\n"), &content));
    cr_assert_not(reply_string(SPAN("$5\r\nhell"), &content));
    cr_assert_not(reply_string(SPAN(""), &content));
}

Test(reply_parts, integers_are_integers_only)
{
    int64_t number = 0;
    cr_assert(reply_integer(SPAN(":-12\r\n"), &number));
    cr_assert_eq(number, -12);
    cr_assert_not(reply_integer(SPAN("$1\r\n1\r\n"), &number));
    cr_assert_not(reply_integer(SPAN(":x\r\n"), &number));
    cr_assert_not(reply_integer(SPAN(""), &number));
}

static const struct {
    struct span reply;
    double number;
} doubles[] = {
    {SPAN(",1.5\r\n"), 1.5},          {SPAN("$3\r\n1.5\r\n"), 1.5},          {SPAN(",-2\r\n"), -2},
    {SPAN("$6\r\n-2e-01\r\n"), -0.2}, {SPAN(",99.8046875\r\n"), 99.8046875},
};

static const struct span not_doubles[] = {
    SPAN(",\r\n"),         SPAN(",x\r\n"),     SPAN(",1x\r\n"),         SPAN(",inf\r\n"),
    SPAN("$3\r\nnan\r\n"), SPAN("$0\r\n\r\n"), SPAN("$2\r\n 1\r\n"),    SPAN("$-1\r\n"),
    SPAN(":1\r\n"),        SPAN("+1\r\n"),     SPAN("=5\r\ntxt:1\r\n"), SPAN(""),
};

Test(reply_parts, doubles_are_doubles_or_strings_of_digits)
{
    for (size_t i = 0; i < ARRAY_LEN(doubles); i++) {
        double number = 0;

        cr_expect(reply_double(doubles[i].reply, &number), "%s", doubles[i].reply.at);
        cr_expect_eq(number, doubles[i].number, "%s", doubles[i].reply.at);
    }
    for (size_t i = 0; i < ARRAY_LEN(not_doubles); i++) {
        double number = 7;

        cr_expect_not(reply_double(not_doubles[i], &number), "%s", not_doubles[i].at);
        cr_expect_eq(number, 7);
    }
}

Test(reply_parts, replies_are_taken_one_after_the_other)
{
    struct span rest = SPAN(":1\r\n*1\r\n+a\r\n$3\r\nab");
    struct span reply;

    cr_assert(reply_take(&rest, &reply));
    cr_expect(span_equal(reply, SPAN(":1\r\n")));
    cr_assert(reply_take(&rest, &reply));
    cr_expect(span_equal(reply, SPAN("*1\r\n+a\r\n")));
    cr_assert_not(reply_take(&rest, &reply));
    rest.size = 0;
    cr_assert_not(reply_take(&rest, &reply));
}

Test(reply_parts, arrays_are_opened_and_walked)
{
    const struct span arrays[] = {SPAN("*2\r\n$1\r\na\r\n:7\r\n"), SPAN("~2\r\n$1\r\na\r\n:7\r\n"),
                                  SPAN(">2\r\n$1\r\na\r\n:7\r\n")};
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++) {
        int64_t count = 0;
        size_t at = 0, used = 0;
        cr_assert(reply_array_open(arrays[i], &count, &at));
        cr_assert_eq(count, 2);

        struct span rest = {arrays[i].at + at, arrays[i].size - at};
        cr_assert_eq(scan_whole(rest, NO_LIMIT, &used), SCAN_DONE);
        cr_assert(span_equal((struct span){rest.at, used}, SPAN("$1\r\na\r\n")));
    }
}

Test(reply_parts, null_and_other_types_are_no_arrays)
{
    const struct span others[] = {SPAN("*-1\r\n"), SPAN("$1\r\na\r\n"), SPAN("%1\r\n:1\r\n:2\r\n"),
                                  SPAN("*x\r\n"), SPAN("")};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        int64_t count;
        size_t first;
        cr_assert_not(reply_array_open(others[i], &count, &first), "%s", others[i].at);
    }
}

/* A random RESP2 reply. */
static void reply_compose(FILE *file, int nesting)
{
    int size = (int)(random() % 5);
    switch (random() % (nesting > 0 ? 8 : 6)) {
    case 0: fprintf(file, "+%.*s\r\n", size, "status"); break;
    case 1: fprintf(file, "-%.*s\r\n", size, "ERR wrong"); break;
    case 2:
        fprintf(file, ":%lld\r\n", (long long)(random() - random()) * (1ll << random() % 20));
        break;
    case 3: fprintf(file, "$-1\r\n"); break;
    case 4:
        fprintf(file, "$%d\r\n", size);
        fwrite("\r\n\0$1", 1, (size_t)size, file);
        fprintf(file, "\r\n");
        break;
    case 5: fprintf(file, random() % 2 == 0 ? "*-1\r\n" : "*0\r\n"); break;
    default:
        fprintf(file, "*%d\r\n", size);
        for (int i = 0; i < size; i++) {
            reply_compose(file, nesting - 1);
        }
        break;
    }
}

static void assert_agree(struct span reply, const redisReply *seen);

static void assert_elements_agree(struct span reply, const redisReply *seen)
{
    int64_t count = 0;
    size_t at = 0;
    cr_assert(reply_array_open(reply, &count, &at));
    cr_assert_eq((size_t)count, seen->elements);
    for (size_t i = 0; i < seen->elements; i++) {
        size_t used = 0;
        struct span rest = {reply.at + at, reply.size - at};
        cr_assert_eq(scan_whole(rest, NO_LIMIT, &used), SCAN_DONE);
        assert_agree((struct span){rest.at, used}, seen->element[i]);
        at += used;
    }
    cr_assert_eq(at, reply.size);
}

static void assert_agree(struct span reply, const redisReply *seen)
{
    int64_t number = 0, count = 0;
    size_t first;
    struct span content = {0};
    switch (seen->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        cr_assert(reply_string(reply, &content));
        cr_assert(span_equal(content, (struct span){seen->str, (size_t)seen->len}));
        break;
    case REDIS_REPLY_INTEGER:
        cr_assert(reply_integer(reply, &number));
        cr_assert_eq(number, seen->integer);
        break;
    case REDIS_REPLY_ARRAY: assert_elements_agree(reply, seen); break;
    case REDIS_REPLY_NIL:
        cr_assert_not(reply_string(reply, &content));
        cr_assert_not(reply_array_open(reply, &count, &first));
        break;
    case REDIS_REPLY_ERROR: cr_assert_eq(reply.at[0], '-'); break;
    default: cr_assert_fail("hiredis knows a type that we do not");
    }
}

/* The stream byte by byte into both: each reply must be whole at the same byte and say the same. */
static void assert_witness_agrees(struct span stream)
{
    redisReader *witness = redisReaderCreate();
    struct reply_scan scan = {0};
    size_t start = 0, used = 0;

    for (size_t end = 1; end <= stream.size; end++) {
        void *seen = NULL;
        struct span part = {stream.at + start, end - start};
        enum scan_result result = reply_scan_next(&scan, NO_LIMIT, part, &used);
        redisReaderFeed(witness, stream.at + end - 1, 1);
        cr_assert_eq(redisReaderGetReply(witness, &seen), REDIS_OK);
        cr_assert_eq(result, seen != NULL ? SCAN_DONE : SCAN_MORE, "byte %zu of %.*s", end,
                     (int)stream.size, stream.at);
        if (seen != NULL) {
            cr_assert_eq(used, part.size);
            assert_agree(part, seen);
            freeReplyObject(seen);
            reply_scan_reset(&scan);
            start = end;
        }
    }
    cr_assert_eq(start, stream.size);
    redisReaderFree(witness);
}

static unsigned seed_choose(void)
{
    const char *given = getenv("SLOTWAY_TEST_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    fprintf(stderr, "SLOTWAY_TEST_SEED=%u\n", seed);
    return seed;
}

Test(reply_scan, agrees_with_hiredis_on_random_streams, .timeout = 60)
{
    srandom(seed_choose());
    for (int round = 0; round < 2000; round++) {
        char *bytes = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&bytes, &size);
        for (int i = 0; i < 5; i++) {
            reply_compose(file, WITNESS_NESTING);
        }
        fclose(file);
        assert_witness_agrees((struct span){bytes, size});
        free(bytes);
    }
}

Test(reply_scan, agrees_with_hiredis_on_what_resp2_knows)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        if (strchr("+-:$*", replies[i].input.at[0]) != NULL && replies[i].used == 0) {
            assert_witness_agrees(replies[i].input);
        }
    }
}
