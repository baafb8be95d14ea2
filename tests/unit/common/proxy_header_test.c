#include "common/proxy_header.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define V2 "\r\n\r\n\0\r\nQUIT\n"

static const struct row {
    struct span bytes; /* the header, with nothing behind it */
    enum proxy_header_result result;
    const char *source; /* NULL: none is told */
    const char *destination;
} rows[] = {
    {SPAN("PROXY TCP4 198.51.100.22 203.0.113.7 35646 6379\r\n"), PROXY_HEADER_DONE,
     "198.51.100.22:35646", "203.0.113.7:6379"},
    {SPAN("PROXY TCP4 0.0.0.0 1.1.1.1 0 65535\r\n"), PROXY_HEADER_DONE, "0.0.0.0:0",
     "1.1.1.1:65535"},
    {SPAN("PROXY TCP6 2001:db8::1 ::2 1 2\r\n"), PROXY_HEADER_DONE, "[2001:db8::1]:1", "[::2]:2"},
    {SPAN("PROXY TCP6 ffff:f...f:ffff ::2 1 2\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
     PROXY_HEADER_DONE, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
    {SPAN("PROXY UNKNOWN\r\n"), PROXY_HEADER_DONE, NULL, NULL},
    {SPAN("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
     PROXY_HEADER_DONE, NULL, NULL},
    {SPAN("PROXY UNKNOWN whatever there is, it means nothing\r\n"), PROXY_HEADER_DONE, NULL, NULL},
    {SPAN("PROXY UNKNOWN \r of these\r\n"), PROXY_HEADER_DONE, NULL, NULL},
    {SPAN("*1\r\n$4\r\nPING\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PING\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("proxy tcp4 1.1.1.1 2.2.2.2 1 2\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 1.1.1.1 2.2.2.2 1 -1\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 ::1 ::2 1 2\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n"),
     PROXY_HEADER_BAD, NULL, NULL},
    {SPAN(V2 "\x21\x11\0\x0c\xc6\x33\x64\x16\xcb\0\x71\x07\x8b\x3e\x18\xeb"), PROXY_HEADER_DONE,
     "198.51.100.22:35646", "203.0.113.7:6379"},
    {SPAN(V2 "\x21\x11\0\x12\x01\x02\x03\x04\x05\x06\x07\x08\0\x01\0\x02\x04\0\x03tlv"),
     PROXY_HEADER_DONE, "1.2.3.4:1", "5.6.7.8:2"},
    {SPAN(V2 "\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x04"),
     PROXY_HEADER_DONE, "[2001:db8::1]:3", "[::2]:4"},
    {SPAN(V2 "\x20\x11\0\x0c\xc6\x33\x64\x16\xcb\0\x71\x07\x8b\x3e\x18\xeb"), PROXY_HEADER_DONE,
     NULL, NULL},
    {SPAN(V2 "\x20\0\0\0"), PROXY_HEADER_DONE, NULL, NULL},
    {SPAN(V2 "\x20\xff\0\x03tlv"), PROXY_HEADER_DONE, NULL, NULL},
    {SPAN(V2 "\x21\0\0\0"), PROXY_HEADER_DONE, NULL, NULL},
    {SPAN(V2 "\x21\0\0\x05"
             "extra"),
     PROXY_HEADER_DONE, NULL, NULL},
    {SPAN(V2 "\x21\x11\0\x0b"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN(V2 "\x21\x21\0\x0c"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN(V2 "\x21\x31\0\xd7"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN(V2 "\x21\x12\0\x0c"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN(V2 "\x21\x41\0\0"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN(V2 "\x22\x11\0\x0c"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN(V2 "\x11\x11\0\x0c"), PROXY_HEADER_BAD, NULL, NULL},
    {SPAN("\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0c"), PROXY_HEADER_BAD, NULL, NULL},
};

/* Feeds `bytes` in pieces of at most `most`, as a socket would that has them all. *used is how many
 * were taken. */
static enum proxy_header_result feed(struct proxy_header *header, struct span bytes, size_t most,
                                     size_t *used)
{
    enum proxy_header_result result = PROXY_HEADER_MORE;

    *used = 0;
    while (result == PROXY_HEADER_MORE && *used < bytes.size) {
        size_t size = size_min(most, size_min(proxy_header_room(header), bytes.size - *used));

        cr_assert_gt(size, 0);
        result = proxy_header_take(header, (struct span){bytes.at + *used, size});
        *used += size;
    }
    return result;
}

static void expect_end(const struct row *row, const struct endpoint *end, const char *expected)
{
    char text[64];

    cr_expect_str_eq(endpoint_print(end, text, sizeof text), expected, "%s", row->bytes.at);
}

static void expect_row(const struct row *row, const struct proxy_header *header)
{
    cr_expect_eq(header->has_addresses, row->source != NULL, "%s", row->bytes.at);
    if (row->source != NULL && header->has_addresses) {
        expect_end(row, &header->source, row->source);
        expect_end(row, &header->destination, row->destination);
    }
}

Test(proxy_header, says_who_it_is_however_it_is_cut)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t most = 1; most <= rows[i].bytes.size; most++) {
            struct proxy_header header = {0};
            size_t used;

            cr_expect_eq(feed(&header, rows[i].bytes, most, &used), rows[i].result,
                         "row %zu by %zu: %s", i, most, rows[i].bytes.at);
            expect_row(&rows[i], &header);
            cr_expect_eq(header.problem != NULL, rows[i].result == PROXY_HEADER_BAD);
        }
    }
}

Test(proxy_header, is_not_there_before_its_last_byte)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t size = 0; rows[i].result == PROXY_HEADER_DONE && size < rows[i].bytes.size;
             size++) {
            struct proxy_header header = {0};
            size_t used;
            struct span front = {rows[i].bytes.at, size};

            cr_expect_eq(feed(&header, front, SIZE_MAX, &used), PROXY_HEADER_MORE, "row %zu at %zu",
                         i, size);
            cr_expect_eq(used, size);
            cr_expect_eq(proxy_header_has_begun(&header), size > 0);
        }
    }
}

Test(proxy_header, leaves_every_byte_behind_it)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct proxy_header header = {0};
        size_t size = rows[i].bytes.size;
        char *bytes = malloc(size + 64);
        size_t used;

        if (rows[i].result == PROXY_HEADER_DONE) {
            memcpy(bytes, rows[i].bytes.at, size);
            memset(bytes + size, '\n', 64);
            cr_expect_eq(feed(&header, (struct span){bytes, size + 64}, SIZE_MAX, &used),
                         PROXY_HEADER_DONE);
            cr_expect_eq(used, size, "row %zu", i);
        }
        free(bytes);
    }
}

Test(proxy_header, may_be_followed_by_64_kilobytes_of_what_nobody_knows)
{
    static char bytes[16 + 65535 + 1];
    struct proxy_header header = {0};
    size_t used;

    memcpy(bytes, V2 "\x21\x11\xff\xff\x01\x02\x03\x04\x05\x06\x07\x08\0\x01\0\x02", 28);
    cr_expect_eq(feed(&header, (struct span){bytes, sizeof bytes}, 1000, &used), PROXY_HEADER_DONE);
    cr_expect_eq(used, sizeof bytes - 1);
    expect_end(&rows[0], &header.source, "1.2.3.4:1");
}
