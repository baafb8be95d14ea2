#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/option_field.h"

#include "config/option_value.h"

static const struct option_row workers = {.type = OPTION_WORKERS, .min = 1, .max = 256};
static const struct option_row count = {.type = OPTION_COUNT, .min = 2, .max = 1000};
static const struct option_row bytes = {.type = OPTION_BYTES, .min = 16, .max = 1 << 30};
static const struct option_row mode = {.type = OPTION_MODE, .min = 1, .max = 0777};
static const struct option_row duration = {.type = OPTION_DURATION, .min = 0, .max = 3600000000};
static const struct option_row text = {.type = OPTION_TEXT, .min = 1, .max = 4};
static const struct option_row secret = {.type = OPTION_SECRET, .min = 1, .max = 4};
static const struct option_row filename = {.type = OPTION_FILENAME, .min = 1, .max = 20};
static const struct option_row addresses = {.type = OPTION_ADDRESSES, .min = 1, .max = 2};
static const struct option_row mappings = {.type = OPTION_ADDRESS_MAP, .min = 0, .max = 2};
static const struct option_row rules = {.type = OPTION_COMMAND_RULES, .min = 0, .max = 2};
static const struct option_row perhaps = {.type = OPTION_ADDRESSES, .min = 0, .max = 1};
static const struct option_row level = {.type = OPTION_LOG_LEVEL};
static const struct option_row flag = {.type = OPTION_SWITCH};
static const struct option_row format = {.type = OPTION_LOG_FORMAT};

static const struct {
    const struct option_row *row;
    const char *text;
    enum option_result result;
    const char *printed; /* what a field holds afterwards */
} samples[] = {
    {&workers, "1", OPTION_OK, "1"},
    {&workers, "256", OPTION_OK, "256"},
    {&workers, "257", OPTION_OUT_OF_BOUNDS, ""},
    {&workers, "-1", OPTION_OUT_OF_BOUNDS, ""},
    {&workers, "automatic", OPTION_BAD_FORM, ""},
    {&count, "2", OPTION_OK, "2"},
    {&count, "1", OPTION_OUT_OF_BOUNDS, ""},
    {&count, "1000", OPTION_OK, "1000"},
    {&count, "1001", OPTION_OUT_OF_BOUNDS, ""},
    {&count, "99999999999999999999999", OPTION_OUT_OF_BOUNDS, ""},
    {&count, "010", OPTION_BAD_FORM, ""},
    {&count, "0x10", OPTION_BAD_FORM, ""},
    {&count, "1e2", OPTION_BAD_FORM, ""},
    {&count, " 5", OPTION_BAD_FORM, ""},
    {&count, "", OPTION_BAD_FORM, ""},
    {&bytes, "16", OPTION_OK, "16"},
    {&bytes, "15", OPTION_OUT_OF_BOUNDS, ""},
    {&bytes, "1kb", OPTION_OK, "1kb"},
    {&bytes, "1024KB", OPTION_OK, "1mb"},
    {&bytes, "1gb", OPTION_OK, "1gb"},
    {&bytes, "1025mb", OPTION_OUT_OF_BOUNDS, ""},
    {&bytes, "9223372036854775807gb", OPTION_OUT_OF_BOUNDS, ""},
    {&bytes, "1 kb", OPTION_BAD_FORM, ""},
    {&bytes, "1k", OPTION_BAD_FORM, ""},
    {&bytes, "kb", OPTION_BAD_FORM, ""},
    {&mode, "660", OPTION_OK, "660"},
    {&mode, "0606", OPTION_OK, "606"},
    {&mode, "007", OPTION_OK, "007"},
    {&mode, "umask", OPTION_OK, "umask"},
    {&mode, "000", OPTION_BAD_FORM, ""},
    {&mode, "", OPTION_BAD_FORM, ""},
    {&mode, "1777", OPTION_BAD_FORM, ""},
    {&mode, "680", OPTION_BAD_FORM, ""},
    {&mode, "66", OPTION_BAD_FORM, ""},
    {&mode, "0o660", OPTION_BAD_FORM, ""},
    {&mode, "rw-rw-rw-", OPTION_BAD_FORM, ""},
    {&duration, "0", OPTION_OK, "0s"},
    {&duration, "0ms", OPTION_OK, "0s"},
    {&duration, "250us", OPTION_OK, "250us"},
    {&duration, "1500ms", OPTION_OK, "1500ms"},
    {&duration, "60s", OPTION_OK, "1m"},
    {&duration, "1h", OPTION_OK, "1h"},
    {&duration, "61m", OPTION_OUT_OF_BOUNDS, ""},
    {&duration, "9223372036854775807h", OPTION_OUT_OF_BOUNDS, ""},
    {&duration, "5", OPTION_BAD_FORM, ""},
    {&duration, "1.5s", OPTION_BAD_FORM, ""},
    {&duration, "5sec", OPTION_BAD_FORM, ""},
    {&text, "abcd", OPTION_OK, "\"abcd\""},
    {&text, "abcde", OPTION_OUT_OF_BOUNDS, ""},
    {&text, "", OPTION_OUT_OF_BOUNDS, ""},
    {&text, "a\nb", OPTION_BAD_FORM, ""},
    {&text, "a\"b", OPTION_OK, "\"a\\\"b\""},
    {&secret, "a\nb", OPTION_OK, "\"***\""},
    {&secret, "", OPTION_OUT_OF_BOUNDS, ""},
    {&secret, "***", OPTION_BAD_FORM, ""},
    {&filename, "/run/secret", OPTION_OK, "\"/run/secret\""},
    {&addresses, "h:1", OPTION_OK, "[\"h:1\"]"},
    {&addresses, "h:1, [::1]:2", OPTION_OK, "[\"h:1\", \"[::1]:2\"]"},
    {&addresses, "h:1,", OPTION_BAD_FORM, ""},
    {&addresses, "", OPTION_BAD_FORM, ""},
    {&addresses, "off", OPTION_BAD_FORM, ""},
    {&addresses, "false", OPTION_BAD_FORM, ""},
    {&addresses, "h:1,nonsense", OPTION_BAD_FORM, ""},
    {&mappings, "a=b", OPTION_OK, "[\"a=b\"]"},
    {&mappings, "10.0.0.0/8=b:+1, a:1=b:2", OPTION_OK, "[\"10.0.0.0/8=b:+1\", \"a:1=b:2\"]"},
    {&mappings, "", OPTION_OK, "[]"},
    {&mappings, "a=b,c", OPTION_BAD_FORM, ""},
    {&rules, "keys=deny", OPTION_OK, "[\"keys=deny\"]"},
    {&rules, "keys=deny, a.b=write first", OPTION_OK, "[\"keys=deny\", \"a.b=write first\"]"},
    {&rules, "off", OPTION_OK, "[]"},
    {&rules, "keys=deny,keys=deny", OPTION_BAD_FORM, ""},
    {&rules, "keys", OPTION_BAD_FORM, ""},
    {&perhaps, "off", OPTION_OK, "[]"},
    {&perhaps, "false", OPTION_OK, "[]"},
    {&perhaps, "", OPTION_OK, "[]"},
    {&level, "WARN", OPTION_OK, "warn"},
    {&level, "verbose", OPTION_BAD_FORM, ""},
    {&flag, "true", OPTION_OK, "true"},
    {&flag, "False", OPTION_OK, "false"},
    {&flag, "1", OPTION_BAD_FORM, ""},
    {&flag, "", OPTION_BAD_FORM, ""},
    {&format, "json", OPTION_OK, "json"},
    {&format, "xml", OPTION_BAD_FORM, ""},
};

union field {
    bool flag;
    uint64_t number;
    char *text;
    struct addresses addresses;
    struct address_map address_map;
    struct command_rules command_rules;
};

static char *printed(const struct option_row *row, const union field *field)
{
    char *output = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&output, &size);

    cr_assert_not_null(to);
    option_print(row, field, to);
    fclose(to);
    return output;
}

Test(option_value, samples)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const struct option_row *row = samples[i].row;
        union field field = {0};
        cr_expect_eq(option_parse(row, span_of(samples[i].text), &field), samples[i].result,
                     "sample %zu: '%s'", i, samples[i].text);
        char *output = printed(row, &field);
        cr_expect(samples[i].result != OPTION_OK || strcmp(output, samples[i].printed) == 0,
                  "sample %zu: '%s' prints as %s", i, samples[i].text, output);
        free(output);
        option_clear(row, &field);
    }
}

Test(option_value, a_failure_leaves_the_field_alone)
{
    union field number = {.number = 77};
    union field word = {0};
    union field list = {0};

    cr_expect_eq(option_parse(&count, SPAN("1001"), &number), OPTION_OUT_OF_BOUNDS);
    cr_expect_eq(number.number, 77);
    cr_expect_eq(option_parse(&text, SPAN("old"), &word), OPTION_OK);
    cr_expect_eq(option_parse(&text, SPAN("too long"), &word), OPTION_OUT_OF_BOUNDS);
    cr_expect_str_eq(word.text, "old");
    cr_expect_eq(option_parse(&addresses, SPAN("h:1"), &list), OPTION_OK);
    cr_expect_eq(option_parse(&addresses, SPAN("h:2,x"), &list), OPTION_BAD_FORM);
    cr_expect_eq(list.addresses.count, 1);
    cr_expect_eq(list.addresses.items[0].port, 1);
    option_clear(&text, &word);
    option_clear(&addresses, &list);
}

Test(option_value, auto_is_at_least_one_worker)
{
    uint32_t field = 0;

    cr_expect_eq(option_parse(&workers, SPAN("auto"), &field), OPTION_OK);
    cr_expect_geq(field, 1);
    cr_expect_leq(field, 256);
}

Test(option_value, the_number_of_addresses)
{
    struct address items[3];

    cr_expect_not(option_count_fits(&addresses, &(struct addresses){items, 0}));
    cr_expect(option_count_fits(&addresses, &(struct addresses){items, 1}));
    cr_expect(option_count_fits(&addresses, &(struct addresses){items, 2}));
    cr_expect_not(option_count_fits(&addresses, &(struct addresses){items, 3}));
}

Test(option_value, equality)
{
    union field a = {0};
    union field b = {0};

    cr_expect(option_equal(&text, &a, &b));
    cr_expect_eq(option_parse(&text, SPAN("x"), &a), OPTION_OK);
    cr_expect_not(option_equal(&text, &a, &b));
    cr_expect_eq(option_parse(&text, SPAN("x"), &b), OPTION_OK);
    cr_expect(option_equal(&text, &a, &b));
    option_clear(&text, &a);
    option_clear(&text, &b);

    cr_expect_eq(option_parse(&addresses, SPAN("h:1"), &a), OPTION_OK);
    cr_expect_eq(option_parse(&addresses, SPAN("h:1,h:2"), &b), OPTION_OK);
    cr_expect_not(option_equal(&addresses, &a, &b));
    a.addresses.items[0].port = 2;
    b.addresses.count = 1;
    cr_expect_not(option_equal(&addresses, &a, &b));
    b.addresses.items[0].port = 2;
    cr_expect(option_equal(&addresses, &a, &b));
    option_clear(&addresses, &a);
    option_clear(&addresses, &b);
}
