#include "common/resp_line.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

/* In memory of exactly that size, so that a look behind its end is found out. */
static struct plain_line read_at(struct span bytes, size_t at, char type)
{
    char *copy = memory_raw(bytes.size + 1);
    char *exact = copy + 1; /* aligned to nothing */
    memcpy(exact, bytes.at, bytes.size);
    struct plain_line line = plain_line((struct span){exact, bytes.size}, at, type);
    free(copy);
    return line;
}

static const struct {
    const char *name;
    struct span bytes;
    int64_t number; /* -1: odd */
} rows[] = {
    {"one digit", SPAN("$0\r\n"), 0},
    {"the last digit", SPAN("$9\r\n"), 9},
    {"two digits", SPAN("$10\r\n"), 10},
    {"the last two", SPAN("$99\r\n"), 99},
    {"three digits", SPAN("$100\r\n"), 100},
    {"nine digits", SPAN("$123456789\r\n"), 123456789},
    {"ten digits", SPAN("$1234567890\r\n"), -1},
    {"no digit", SPAN("$\r\n\r\n"), -1},
    {"a zero in front", SPAN("$01\r\n"), -1},
    {"two zeros", SPAN("$00\r\n"), -1},
    {"a zero in front of two", SPAN("$012\r\n"), -1},
    {"a minus", SPAN("$-1\r\n"), -1},
    {"a plus", SPAN("$+1\r\n"), -1},
    {"the byte before '0'", SPAN("$/\r\n\r"), -1},
    {"the byte behind '9'", SPAN("$:\r\n\r"), -1},
    {"the byte before '0' in front", SPAN("$/1\r\n"), -1},
    {"the byte behind '9' in front", SPAN("$:1\r\n"), -1},
    {"the byte before '0' behind", SPAN("$1/\r\n"), -1},
    {"the byte behind '9' behind", SPAN("$1:\r\n"), -1},
    {"another type", SPAN("*1\r\n\r"), -1},
    {"another type and two digits", SPAN("*10\r\n"), -1},
    {"another type and three digits", SPAN("*100\r\n"), -1},
    {"another byte for the CR", SPAN("$1\n\n\n"), -1},
    {"another byte for the LF", SPAN("$1\r\r\n"), -1},
    {"another byte for the CR behind two", SPAN("$10\n\n"), -1},
    {"another byte for the LF behind two", SPAN("$10\r\r"), -1},
    {"another byte for the LF behind three", SPAN("$100\r\r"), -1},
};

Test(plain_line, is_digits_between_its_type_and_its_end)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct plain_line line = read_at(rows[i].bytes, 0, '$');
        if (rows[i].number < 0) {
            cr_expect_eq(line.next, LINE_IS_ODD, "%s", rows[i].name);
        } else {
            cr_expect_eq(line.next, rows[i].bytes.size, "%s", rows[i].name);
            cr_expect_eq(line.number, rows[i].number, "%s", rows[i].name);
        }
    }
}

Test(plain_line, is_read_where_it_starts_and_must_be_whole)
{
    for (int number = 0; number <= 1100; number++) {
        char text[16];
        size_t size = (size_t)snprintf(text, sizeof text, "ab:%d\r\n+", number);
        struct plain_line line = read_at((struct span){text, size}, 2, ':');

        cr_assert_eq(line.next, size - 1, "%d", number);
        cr_assert_eq(line.number, number, "%d", number);
        line = read_at((struct span){text, size - 1}, 2, ':');
        cr_assert_eq(line.next, size - 1, "%d at the end", number);
        cr_assert_eq(line.number, number, "%d at the end", number);
        for (size_t cut = 2; cut < size - 1; cut++) {
            line = read_at((struct span){text, cut}, 2, ':');
            cr_assert_eq(line.next, LINE_IS_ODD, "%d cut at %zu", number, cut);
        }
    }
}

/* All lines of six bytes that consist of these. */
Test(plain_line, is_the_same_for_short_numbers_as_for_long_ones)
{
    static const char bytes[] = {'$', '*', '0', '1', '9', ':', '/', '\r', '\n', '\0', '\xb1'};
    enum { SIZE = 6, KINDS = ARRAY_LEN(bytes) };
    char text[SIZE];
    unsigned count = 0;

    for (unsigned number = 0; number < KINDS * KINDS * KINDS * KINDS * KINDS * KINDS; number++) {
        unsigned rest = number;
        for (size_t i = 0; i < SIZE; i++, rest /= KINDS) {
            text[i] = bytes[rest % KINDS];
        }

        struct span input = {text, SIZE};
        struct plain_line quick = plain_line(input, 0, '$');
        struct plain_line slow = plain_line_long(input, 0, '$');

        cr_assert_eq(quick.next, slow.next, "%.*s", SIZE, text);
        cr_assert_eq(quick.number, slow.number, "%.*s", SIZE, text);
        count += quick.next != LINE_IS_ODD;
    }
    cr_assert_eq(count, 3 * KINDS * KINDS + 2 * 3 * KINDS + 2 * 3 * 3);
}
