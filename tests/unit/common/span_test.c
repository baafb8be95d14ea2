#include "common/span.h"

#include <criterion/criterion.h>

Test(span, names_are_equal_whatever_the_case_of_their_letters)
{
    cr_assert(span_equal_nocase(SPAN("get"), SPAN("GeT")));
    cr_assert(span_equal_nocase(SPAN(""), (struct span){NULL, 0}));
    cr_assert(span_equal_nocase(SPAN("a-z09\x80"), SPAN("A-Z09\x80")));
    cr_assert_not(span_equal_nocase(SPAN("get"), SPAN("gett")));
    cr_assert_not(span_equal_nocase(SPAN("get"), SPAN("gat")));
}

Test(span, only_letters_have_a_case)
{
    cr_assert_not(span_equal_nocase(SPAN("@"), SPAN("`")));
    cr_assert_not(span_equal_nocase(SPAN("["), SPAN("{")));
    cr_assert_not(span_equal_nocase(SPAN("\x10"), SPAN("0")));
    cr_assert_not(span_equal_nocase(SPAN("\xc1"), SPAN("\xe1")));
}

static const struct {
    struct span text;
    int64_t number;
} numbers[] = {
    {SPAN("0"), 0},
    {SPAN("7"), 7},
    {SPAN("-1"), -1},
    {SPAN("1048576"), 1048576},
    {SPAN("9223372036854775807"), INT64_MAX},
    {SPAN("-9223372036854775808"), INT64_MIN},
};

Test(span, numbers_are_read)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        int64_t number = 42;
        cr_assert(span_to_int64(numbers[i].text, &number), "%s", numbers[i].text.at);
        cr_assert_eq(number, numbers[i].number, "%s", numbers[i].text.at);
    }
}

static const struct span no_numbers[] = {
    SPAN(""),
    SPAN("-"),
    SPAN("+1"),
    SPAN("01"),
    SPAN("00"),
    SPAN("-0"),
    SPAN("-01"),
    SPAN(" 1"),
    SPAN("1 "),
    SPAN("1.0"),
    SPAN("1e3"),
    SPAN("0x1"),
    SPAN("--1"),
    SPAN("1\0"),
    SPAN("/"),
    SPAN(":"),
    SPAN("9223372036854775808"),
    SPAN("-9223372036854775809"),
    SPAN("18446744073709551616"),
    SPAN("18446744073709551617"),
    SPAN("99999999999999999999999"),
};

Test(span, what_is_no_number_leaves_the_number_alone)
{
    for (size_t i = 0; i < ARRAY_LEN(no_numbers); i++) {
        int64_t number = 42;
        cr_assert_not(span_to_int64(no_numbers[i], &number), "%s", no_numbers[i].at);
        cr_assert_eq(number, 42);
    }
}

static const struct {
    struct span pattern;
    struct span text;
    bool matches;
} globs[] = {
    {SPAN(""), SPAN(""), true},
    {SPAN(""), SPAN("a"), false},
    {SPAN("*"), SPAN(""), false},
    {SPAN("**"), SPAN(""), false},
    {SPAN("a"), SPAN(""), false},
    {SPAN("*"), SPAN("anything"), true},
    {SPAN("a*"), SPAN("abc"), true},
    {SPAN("*c"), SPAN("abc"), true},
    {SPAN("*c"), SPAN("abcd"), false},
    {SPAN("a*b*c"), SPAN("a-b-b-c-c"), true},
    {SPAN("a*b*c"), SPAN("a-c-b"), false},
    {SPAN("**a**"), SPAN("a"), true},
    {SPAN("h?llo"), SPAN("hello"), true},
    {SPAN("h?llo"), SPAN("hllo"), false},
    {SPAN("hello?"), SPAN("hello"), false},
    {SPAN("h[ae]llo"), SPAN("hallo"), true},
    {SPAN("h[ae]llo"), SPAN("hillo"), false},
    {SPAN("h[^e]llo"), SPAN("hallo"), true},
    {SPAN("h[^e]llo"), SPAN("hello"), false},
    {SPAN("h[a-c]llo"), SPAN("hbllo"), true},
    {SPAN("h[a-c]llo"), SPAN("hdllo"), false},
    {SPAN("h[c-a]llo"), SPAN("hbllo"), true},
    {SPAN("[\\]]"), SPAN("]"), true},
    {SPAN("[a\\-c]"), SPAN("b"), false},
    {SPAN("[a\\-c]"), SPAN("-"), true},
    {SPAN("[ab"), SPAN("b"), true},
    {SPAN("[ab"), SPAN("c"), false},
    {SPAN("[]"), SPAN("]"), false},
    {SPAN("[^]"), SPAN("x"), true},
    {SPAN("[a-"), SPAN("-"), true},
    {SPAN("["), SPAN("["), false},
    {SPAN("\\*"), SPAN("*"), true},
    {SPAN("\\*"), SPAN("a"), false},
    {SPAN("\\"), SPAN("\\"), true},
    {SPAN("a\0*"), SPAN("a\0b"), true},
    {SPAN("\xff*"), SPAN("\xff\xfe"), true},
    {SPAN("[\xf0-\xff]"), SPAN("\xf8"), true},
};

Test(span, globs_match_as_in_redis)
{
    for (size_t i = 0; i < ARRAY_LEN(globs); i++) {
        cr_assert_eq(span_glob(globs[i].pattern, globs[i].text), globs[i].matches,
                     "pattern %s text %s", globs[i].pattern.at, globs[i].text.at);
    }
}

Test(span, a_glob_of_many_stars_ends_soon, .timeout = 10)
{
    char pattern[2001], text[4000];
    for (size_t i = 0; i < 2000; i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    pattern[2000] = 'b';
    memset(text, 'a', sizeof text);
    cr_assert_not(span_glob((struct span){pattern, sizeof pattern}, (struct span){text, 4000}));
}

Test(span, items_of_a_list_come_one_by_one)
{
    struct span rest = SPAN(" ,a, bc\td ");

    cr_expect(span_equal(span_take_item(&rest), SPAN("a")));
    cr_expect(span_equal(span_take_item(&rest), SPAN("bc")));
    cr_expect(span_equal(span_take_item(&rest), SPAN("d")));
    cr_expect_eq(span_take_item(&rest).size, 0);
    cr_expect_eq(span_take_item(&rest).size, 0);
}
