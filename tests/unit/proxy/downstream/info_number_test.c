#include "proxy/downstream/info_number.h"

#include <criterion/criterion.h>

static const struct {
    int64_t bytes;
    const char *expected;
} human_rows[] = {
    {0, "0B"},          {1023, "1023B"},         {1024, "1.00K"},
    {1609968, "1.54M"}, {25276510208, "23.54G"}, {INT64_MAX, "8.00E"},
};

Test(info_number, bytes_for_people)
{
    char text[32];

    for (size_t i = 0; i < ARRAY_LEN(human_rows); i++) {
        cr_expect_str_eq(info_human(human_rows[i].bytes, text, sizeof text),
                         human_rows[i].expected);
    }
}

static const struct {
    const char *text;
    unsigned digits;
    int64_t expected; /* -1: it is no number */
} decimal_rows[] = {
    {"0.33", 2, 33},
    {"1.7", 2, 170},
    {"12", 2, 1200},
    {"3342.335", 3, 3342335},
    {"3342.3359", 3, 3342335},
    {"5.", 3, 5000},
    {"1.2x", 2, 120},
    {"9223372036854775.807", 3, INT64_MAX},
    {"9223372036854775.808", 3, -1},
    {"9223372036854775807", 2, -1},
    {"", 2, -1},
    {".", 2, -1},
    {".5", 2, -1},
    {"-0.5", 2, -1},
    {"-5", 2, -1},
    {"x", 2, -1},
};

Test(info_number, decimals)
{
    for (size_t i = 0; i < ARRAY_LEN(decimal_rows); i++) {
        int64_t number = -1;
        bool is_read =
            info_read_decimal(span_of(decimal_rows[i].text), decimal_rows[i].digits, &number);

        cr_expect_eq(number, decimal_rows[i].expected, "%s", decimal_rows[i].text);
        cr_expect_eq(is_read, decimal_rows[i].expected != -1, "%s", decimal_rows[i].text);
    }
}

Test(info_number, sums_stay_in_range)
{
    cr_expect_eq(info_add(INT64_MAX, 1), INT64_MAX);
    cr_expect_eq(info_add(INT64_MIN, -1), INT64_MIN);
    cr_expect_eq(info_add(INT64_MAX, -1), INT64_MAX - 1);
}
