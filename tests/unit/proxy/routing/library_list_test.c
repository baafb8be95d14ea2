#include "proxy/routing/library_list.h"

#include <criterion/criterion.h>

#define RESP2                                                                                      \
    "*2\r\n"                                                                                       \
    "*6\r\n$12\r\nlibrary_name\r\n$3\r\none\r\n$9\r\nfunctions\r\n*1\r\n*4\r\n$4\r\nname\r\n"      \
    "$1\r\nf\r\n$5\r\nflags\r\n*0\r\n$12\r\nlibrary_code\r\n$4\r\na\r\n\n\r\n"                     \
    "*6\r\n$12\r\nlibrary_name\r\n$3\r\ntwo\r\n$9\r\nfunctions\r\n*2\r\n*2\r\n$4\r\nname\r\n"      \
    "$1\r\ng\r\n*2\r\n$4\r\nname\r\n$1\r\nh\r\n$12\r\nlibrary_code\r\n$1\r\nb\r\n"

#define RESP3                                                                                      \
    "*1\r\n%3\r\n$12\r\nlibrary_name\r\n$3\r\none\r\n$9\r\nfunctions\r\n*1\r\n%2\r\n$4\r\nname"    \
    "\r\n$1\r\nf\r\n$5\r\nflags\r\n~0\r\n$12\r\nlibrary_code\r\n$1\r\na\r\n"

Test(library_list, tells_libraries_one_after_the_other)
{
    struct library_list list;
    struct library library;

    cr_assert(library_list_open(&list, SPAN(RESP2)));
    cr_assert(library_list_next(&list, &library));
    cr_expect(span_equal(library.name, SPAN("one")));
    cr_expect(span_equal(library.code, SPAN("a\r\n\n")));
    cr_expect(library_has(&library, SPAN("f")));
    cr_expect(library_has(&library, SPAN("F")), "Redis finds functions in either case");
    cr_expect_not(library_has(&library, SPAN("g")));
    cr_assert(library_list_next(&list, &library));
    cr_expect(span_equal(library.name, SPAN("two")));
    cr_expect(span_equal(library.code, SPAN("b")));
    cr_expect(library_has(&library, SPAN("h")));
    cr_expect_not(library_has(&library, SPAN("f")));
    cr_expect_not(library_list_next(&list, &library));
}

Test(library_list, is_read_in_resp3)
{
    struct library_list list;
    struct library library;

    cr_assert(library_list_open(&list, SPAN(RESP3)));
    cr_assert(library_list_next(&list, &library));
    cr_expect(span_equal(library.code, SPAN("a")));
    cr_expect(library_has(&library, SPAN("f")));
}

static const struct span no_lists[] = {
    SPAN("-ERR no\r\n"),
    SPAN("+OK\r\n"),
    SPAN("*-1\r\n"),
    SPAN(":1\r\n"),
};

Test(library_list, that_is_none_is_not_opened)
{
    struct library_list list;

    for (size_t i = 0; i < ARRAY_LEN(no_lists); i++) {
        cr_expect_not(library_list_open(&list, no_lists[i]), "%.*s", (int)no_lists[i].size,
                      no_lists[i].at);
    }
}

static const struct span odd_lists[] = {
    SPAN("*0\r\n"),
    SPAN("*1\r\n:5\r\n"),
    SPAN("*1\r\n*1\r\n$1\r\na\r\n"),
    SPAN("*1\r\n*2\r\n$12\r\nlibrary_name\r\n$3\r\none\r\n"),
    SPAN("*1\r\n*6\r\n$12\r\nlibrary_name\r\n:1\r\n$9\r\nfunctions\r\n*0\r\n$12\r\nlibrary_code\r\n"
         "$1\r\na\r\n"),
};

Test(library_list, that_makes_no_sense_has_no_libraries)
{
    struct library_list list;
    struct library library;

    for (size_t i = 0; i < ARRAY_LEN(odd_lists); i++) {
        cr_assert(library_list_open(&list, odd_lists[i]), "%zu", i);
        cr_expect_not(library_list_next(&list, &library), "%zu", i);
    }
}

Test(library_list, functions_that_make_no_sense_are_none)
{
    static const struct span functions[] = {SPAN(":1\r\n"), SPAN("*1\r\n:1\r\n"),
                                            SPAN("*1\r\n*2\r\n$4\r\nname\r\n:1\r\n")};

    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        struct library library = {.functions = functions[i]};

        cr_expect_not(library_has(&library, SPAN("f")), "%zu", i);
    }
}
