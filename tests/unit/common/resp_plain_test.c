/* Requests and replies that are whole and plain have a short way through the scanners: whatever
 * comes, it must lead where the long one does. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_scan.h"

enum {
    STREAM_MAX = 400,
    ROUNDS = 3000,
    ROOM = 6, /* arguments that there is room for beforehand */
};

static const struct scan_limits limits_of[] = {
    {1024 * 1024, 512 << 20, 1 << 30, true},
    {INT64_MAX, INT64_MAX, SIZE_MAX, true},
    {3, 16384, 1 << 30, false},
    {100, 20, 1 << 30, true},
    {100, 1 << 20, 30, true},
};

static void assert_same_arguments(const struct arguments *quick, const struct arguments *slow,
                                  struct span input)
{
    cr_assert_eq(quick->count, slow->count, "%.*s", (int)input.size, input.at);
    for (uint32_t i = 0; i < quick->count; i++) {
        cr_assert(span_equal(quick->items[i], slow->items[i]), "argument %u of %.*s", i,
                  (int)input.size, input.at);
    }
}

static void arguments_make_room(struct arguments *arguments)
{
    arguments->capacity = ROOM;
    arguments->items = memory_new(ROOM, sizeof *arguments->items);
}

/* Both scanners on the same bytes. Returns whether the short way was taken. */
static bool assert_same_request(struct span input, const struct scan_limits *limits)
{
    struct request_scan quick = {0}, slow = {0};
    struct arguments quick_arguments = {0}, slow_arguments = {0};
    size_t quick_used = 0, slow_used = 0;

    arguments_make_room(&quick_arguments);
    bool is_plain = request_scan_plain(limits, input, &quick_arguments) > 0;
    enum scan_result result =
        request_scan_next(&quick, limits, input, &quick_arguments, &quick_used);
    cr_assert_eq(result, request_scan_any(&slow, limits, input, &slow_arguments, &slow_used),
                 "%.*s", (int)input.size, input.at);
    if (result == SCAN_DONE) {
        cr_assert_eq(quick_used, slow_used, "%.*s", (int)input.size, input.at);
        cr_assert_eq(quick.at, slow.at);
        cr_assert_eq(quick.is_inline, slow.is_inline);
        assert_same_arguments(&quick_arguments, &slow_arguments, input);
    } else if (result == SCAN_MORE) {
        cr_assert_eq(quick.need, slow.need, "%.*s", (int)input.size, input.at);
    } else {
        cr_assert_eq(quick.error, slow.error, "%.*s", (int)input.size, input.at);
    }
    arguments_clear(&quick_arguments);
    arguments_clear(&slow_arguments);
    return is_plain;
}

/* A scan that has begun takes the long way. Returns whether the short one was taken. */
static bool assert_same_reply(struct span input, size_t limit)
{
    struct reply_scan quick = {0}, slow = {0};
    size_t quick_used = 0, slow_used = 0;
    enum scan_result result = reply_scan_next(&quick, limit, input, &quick_used);

    cr_assert_eq(reply_scan_any(&slow, limit, (struct span){input.at, 0}, &slow_used), SCAN_MORE);
    cr_assert_eq(result, reply_scan_any(&slow, limit, input, &slow_used), "%.*s", (int)input.size,
                 input.at);
    if (result == SCAN_DONE) {
        cr_assert_eq(quick_used, slow_used, "%.*s", (int)input.size, input.at);
    } else if (result == SCAN_MORE) {
        cr_assert_eq(quick.need, slow.need, "%.*s", (int)input.size, input.at);
    }
    return result == SCAN_DONE && !quick.started;
}

typedef bool same_fn(struct span input, size_t variant);

static bool same_request(struct span input, size_t variant)
{
    return assert_same_request(input, &limits_of[variant % ARRAY_LEN(limits_of)]);
}

static bool same_reply(struct span input, size_t variant)
{
    static const size_t limits[] = {SIZE_MAX, 1 << 30, 40, 5, 4};
    return assert_same_reply(input, limits[variant % ARRAY_LEN(limits)]);
}

/* What there is up to each byte, in memory of exactly that size. Returns how often the short way
 * was taken. */
static unsigned assert_same_at_every_cut(struct span input, size_t variant, same_fn *same)
{
    unsigned count = 0;

    for (size_t cut = 0; cut <= input.size; cut++) {
        char *copy = memory_raw(cut > 0 ? cut : 1);
        memcpy(copy, input.at, cut);
        count += same((struct span){copy, cut}, variant);
        free(copy);
    }
    return count;
}

static const size_t sizes[] = {0, 1, 3, 9, 10, 16, 64, 99, 100, 128};

static void compose_bulk(FILE *to)
{
    char bytes[128];
    size_t size = sizes[(size_t)random() % (random() % 4 == 0 ? ARRAY_LEN(sizes) : 6)];

    memset(bytes, "k\r\n$0"[random() % 5], sizeof bytes);
    fprintf(to, "$%zu\r\n", size);
    fwrite(bytes, 1, size, to);
    fputs("\r\n", to);
}

static void compose_request(FILE *to)
{
    unsigned count = (unsigned)random() % (ROOM + 2);

    fprintf(to, "*%u\r\n", count);
    for (unsigned i = 0; i < count; i++) {
        compose_bulk(to);
    }
}

static void compose_reply(FILE *to)
{
    unsigned count = (unsigned)random() % 4;

    switch (random() % 8) {
    case 6:
    case 7:
        fprintf(to, "*%u\r\n", count);
        for (unsigned i = 0; i < count; i++) {
            compose_reply(to);
        }
        return;
    case 0: fprintf(to, ":%ld\r\n", random() % 2000 - 500); return;
    case 1: fputs("+OK\r\n", to); return;
    case 2: fputs("$-1\r\n", to); return;
    case 3: fputs("-ERR\r\n", to); return;
    default: compose_bulk(to); return;
    }
}

/* One byte may be another one. */
static struct span compose(char *bytes, void (*part)(FILE *to))
{
    FILE *to = fmemopen(bytes, STREAM_MAX, "w");

    setbuf(to, NULL);
    part(to);
    long size = ftell(to);
    if (size < STREAM_MAX / 4) {
        part(to);
        size = ftell(to);
    }
    fclose(to);
    if (random() % 2 == 0) {
        bytes[random() % size] = "$*:+-0129\r\n\0x"[random() % 13];
    }
    return (struct span){bytes, (size_t)size};
}

static unsigned assert_same_on_random_bytes(void (*part)(FILE *to), same_fn *same)
{
    char bytes[STREAM_MAX];
    unsigned count = 0;

    srandom(20);
    for (size_t round = 0; round < ROUNDS; round++) {
        struct span input = compose(bytes, part);
        count += assert_same_at_every_cut(input, round, same);
    }
    return count;
}

Test(request_plain, leads_where_the_long_way_leads, .timeout = 60)
{
    unsigned count = assert_same_on_random_bytes(compose_request, same_request);
    cr_assert_gt(count, ROUNDS);
}

Test(reply_plain, leads_where_the_long_way_leads, .timeout = 60)
{
    unsigned count = assert_same_on_random_bytes(compose_reply, same_reply);
    cr_assert_gt(count, ROUNDS);
}

static const struct {
    const char *name;
    struct span input;
    size_t used; /* 0: not plain */
} requests[] = {
    {"GET", SPAN("*2\r\n$3\r\nGET\r\n$16\r\nkey:000000012345\r\n"), 36},
    {"one more behind it", SPAN("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n"), 14},
    {"a long one", SPAN("*1\r\n$10\r\n0123456789\r\n"), 21},
    {"an empty argument at the end", SPAN("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"), 20},
    {"nothing", SPAN("*0\r\n"), 4},
    {"as many as there is room for",
     SPAN("*6\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n"), 46},
    {"more than there is room for",
     SPAN("*7\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n7\r\n"),
     0},
    {"an odd line", SPAN("*1\r\r$4\r\nPING\r\n"), 0},
    {"a line of text", SPAN("PING\r\n"), 0},
    {"not all of it", SPAN("*1\r\n$4\r\nPING\r"), 0},
};

Test(request_plain, takes_what_nearly_all_requests_look_like)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        struct arguments arguments = {0};

        arguments_make_room(&arguments);
        cr_expect_eq(request_scan_plain(&limits_of[0], requests[i].input, &arguments),
                     requests[i].used, "%s", requests[i].name);
        arguments_clear(&arguments);
    }
}

static const struct {
    struct span input;
    size_t used; /* 0: not plain */
} replies[] = {
    {SPAN("$32\r\n01234567890123456789012345678901\r\n:"), 39},
    {SPAN("$0\r\n\r\n"), 6},
    {SPAN("$1\r\nx\r\n"), 7},
    {SPAN("$-1\r\n"), 5},
    {SPAN("+OK\r\n"), 5},
    {SPAN(":0\r\n"), 4},
    {SPAN(":1000\r\n"), 7},
    {SPAN("$1\r\nx\r"), 0},
    {SPAN("$1\r\nx\r\r"), 0},
    {SPAN("$1\r\nx\n\n"), 0},
    {SPAN("$-1\r"), 0},
    {SPAN("$-2\r\n"), 0},
    {SPAN("+OK\r"), 0},
    {SPAN("+ok\r\n"), 0},
    {SPAN(":-1\r\n"), 0},
    {SPAN(":1\r"), 0},
    {SPAN(""), 0},
    {SPAN("*0\r\n"), 0},
};

Test(reply_plain, takes_what_nearly_all_replies_look_like)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        cr_expect_eq(reply_scan_plain(replies[i].input), replies[i].used, "%s",
                     replies[i].input.at);
    }
}

/* "*<count>" and as many values; one of them may be odd. */
static struct span array_of(char *bytes, unsigned count, const char *odd)
{
    size_t size = (size_t)sprintf(bytes, "*%u\r\n", count);

    for (unsigned i = 0; i < count; i++) {
        const char *value = i == count / 2 && odd != NULL ? odd : "$3\r\nabc\r\n";
        size += (size_t)sprintf(bytes + size, "%s", value);
    }
    return (struct span){bytes, size};
}

Test(reply_plain, leads_there_in_arrays_of_any_number_and_kind_of_values)
{
    static const unsigned counts[] = {0, 1, 2, 9, 10, 99, 100, 255, 256, 257, 300};
    static const char *const odd[] = {NULL,
                                      "*-1\r\n",
                                      "*0\r\n",
                                      "*1\r\n:1\r\n",
                                      "_\r\n",
                                      "#t\r\n",
                                      "%1\r\n+a\r\n_\r\n",
                                      "$-2\r\n",
                                      "$03\r\nabc\r\n",
                                      "$-0\r\n\r\n",
                                      "+OK\r\n",
                                      "-ERR\r\n",
                                      ":-0\r\n",
                                      "|1\r\n+a\r\n+b\r\n:1\r\n"};
    static char bytes[300 * 16];

    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        for (size_t k = 0; k < ARRAY_LEN(odd); k++) {
            struct span all = array_of(bytes, counts[i], odd[k]);
            size_t limits[] = {SIZE_MAX, all.size + 1, all.size, all.size - 1, all.size / 3 * 2};

            for (size_t limit = 0; limit < ARRAY_LEN(limits); limit++) {
                assert_same_reply(all, limits[limit]);
            }
            for (size_t cut = all.size < 64 ? 0 : all.size - 64; cut < all.size; cut++) {
                char *copy = memory_raw(cut + 1);
                memcpy(copy + 1, all.at, cut);
                assert_same_reply((struct span){copy + 1, cut}, SIZE_MAX);
                free(copy);
            }
        }
    }
}
