#include "config/unit.h"
#include "tests/unit/config/fixture.h"

static const struct {
    uint64_t number;
    const char *bytes;
    const char *duration;
} samples[] = {
    {0, "0", "0s"},
    {1, "1", "1us"},
    {999, "999", "999us"},
    {1000, "1000", "1ms"},
    {1024, "1kb", "1024us"},
    {1 << 20, "1mb", "1048576us"},
    {3 << 20, "3mb", "3145728us"},
    {1 << 30, "1gb", "1073741824us"},
    {60000000, "60000000", "1m"},
    {90000000, "90000000", "90s"},
    {7200000000, "7031250kb", "2h"},
    {INT64_MAX, "9223372036854775807", "9223372036854775807us"},
};

Test(unit, prints_the_largest_and_parses_it_back)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char *bytes = NULL;
        char *duration = NULL;
        uint64_t parsed = 0;
        FIXTURE_PRINTED(bytes, unit_print_bytes(samples[i].number, to));
        FIXTURE_PRINTED(duration, unit_print_duration(samples[i].number, to));
        cr_expect_str_eq(bytes, samples[i].bytes);
        cr_expect_str_eq(duration, samples[i].duration);
        cr_expect_eq(unit_parse_bytes(span_of(bytes), &parsed), UNIT_OK);
        cr_expect_eq(parsed, samples[i].number);
        cr_expect_eq(unit_parse_duration(span_of(duration), &parsed), UNIT_OK);
        cr_expect_eq(parsed, samples[i].number);
        free(bytes);
        free(duration);
    }
}

static const struct {
    const char *text;
    enum unit_result count;
    enum unit_result bytes;
    enum unit_result duration;
} refusals[] = {
    {"", UNIT_BAD_FORM, UNIT_BAD_FORM, UNIT_BAD_FORM},
    {"-1", UNIT_TOO_LARGE, UNIT_BAD_FORM, UNIT_BAD_FORM},
    {"+1", UNIT_BAD_FORM, UNIT_BAD_FORM, UNIT_BAD_FORM},
    {"1 ", UNIT_BAD_FORM, UNIT_BAD_FORM, UNIT_BAD_FORM},
    {"007", UNIT_BAD_FORM, UNIT_BAD_FORM, UNIT_BAD_FORM},
    {"00s", UNIT_BAD_FORM, UNIT_BAD_FORM, UNIT_BAD_FORM},
    {"9223372036854775808", UNIT_TOO_LARGE, UNIT_TOO_LARGE, UNIT_BAD_FORM},
    {"17179869184gb", UNIT_BAD_FORM, UNIT_TOO_LARGE, UNIT_BAD_FORM},
    {"5124095577h", UNIT_BAD_FORM, UNIT_BAD_FORM, UNIT_TOO_LARGE},
};

Test(unit, refusals)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct span text = span_of(refusals[i].text);
        uint64_t number = 0;
        cr_expect_eq(unit_parse_count(text, &number), refusals[i].count, "'%s'", text.at);
        cr_expect_eq(unit_parse_bytes(text, &number), refusals[i].bytes, "'%s'", text.at);
        cr_expect_eq(unit_parse_duration(text, &number), refusals[i].duration, "'%s'", text.at);
    }
}
