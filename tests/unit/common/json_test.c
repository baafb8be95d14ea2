#include "common/json.h"

#include <criterion/criterion.h>
#include <math.h>

static struct json json;

/* What has been written so far, and forgets it. */
static void expect(const char *expected)
{
    struct span span = json_span(&json);

    cr_expect_eq(span.size, strlen(expected), "%.*s", (int)span.size, span.at);
    cr_expect(memcmp(span.at, expected, span.size) == 0, "%.*s", (int)span.size, span.at);
    json_clear(&json);
}

static void expect_text(struct span text, const char *expected)
{
    json_add_span(&json, NULL, text);
    expect(expected);
}

Test(json, puts_commas_between_values_and_nowhere_else)
{
    json_begin_object(&json, NULL);
    json_add_text(&json, "a", "x");
    json_begin_array(&json, "b");
    json_begin_object(&json, NULL);
    json_end_object(&json);
    json_begin_array(&json, NULL);
    json_end_array(&json);
    json_add_number(&json, NULL, 1);
    json_end_array(&json);
    json_add_null(&json, "c");
    json_add_value(&json, "d", SPAN("[1]"));
    json_end_object(&json);
    expect("{\"a\":\"x\",\"b\":[{},[],1],\"c\":null,\"d\":[1]}");
}

Test(json, writes_numbers_that_every_reader_takes)
{
    json_begin_array(&json, NULL);
    json_add_number(&json, NULL, UINT64_MAX);
    json_add_signed(&json, NULL, INT64_MIN);
    json_add_real(&json, NULL, 0.25);
    json_add_real(&json, NULL, 1e30);
    json_add_real(&json, NULL, NAN);
    json_add_real(&json, NULL, -INFINITY);
    json_add_bool(&json, NULL, true);
    json_add_bool(&json, NULL, false);
    json_end_array(&json);
    expect("[18446744073709551615,-9223372036854775808,0.25,1e+30,null,null,true,false]");
}

Test(json, of_no_text_is_null)
{
    json_add_text(&json, NULL, NULL);
    expect("null");
}

Test(json, escapes_what_would_end_a_string_or_is_not_printable)
{
    expect_text(SPAN("a\"b\\c"), "\"a\\\"b\\\\c\"");
    expect_text(SPAN("\n\r\t"), "\"\\n\\r\\t\"");
    expect_text(SPAN("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\"");
    expect_text(SPAN("</script>"), "\"</script>\"");
}

Test(json, keeps_what_is_utf8)
{
    expect_text(SPAN("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
                "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

Test(json, replaces_each_byte_that_is_no_utf8)
{
    expect_text(SPAN("\xff"), "\"\\ufffd\"");
    expect_text(SPAN("a\xc3"), "\"a\\ufffd\"");                     /* cut off */
    expect_text(SPAN("\xc0\xaf"), "\"\\ufffd\\ufffd\"");            /* longer than need be */
    expect_text(SPAN("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\""); /* half of a pair */
    expect_text(SPAN("\x80\"\xfe"), "\"\\ufffd\\\"\\ufffd\"");
}

/* Every escape takes the most room that it can. */
Test(json, has_room_for_long_texts_of_escapes)
{
    char text[3000];
    char expected[sizeof text * 6 + 3] = "\"";

    memset(text, 1, sizeof text);
    for (size_t i = 0; i < sizeof text; i++) {
        memcpy(expected + 1 + i * 6, "\\u0001", 6);
    }
    expected[1 + sizeof text * 6] = '"';
    expect_text((struct span){text, sizeof text}, expected);
}

Test(json, cuts_long_texts_between_characters)
{
    json_begin_array(&json, NULL);
    cr_expect_not(json_add_start(&json, NULL, SPAN("abc"), 3));
    cr_expect(json_add_start(&json, NULL, SPAN("abcd"), 3));
    cr_expect(json_add_start(&json, NULL, SPAN("ab\xc3\xa4"), 3));
    cr_expect_not(json_add_start(&json, NULL, SPAN("ab\xc3\xa4"), 4));
    cr_expect(json_add_start(&json, NULL, SPAN("a\xf0\x9f\x98\x80"), 4));
    cr_expect(json_add_start(&json, NULL, SPAN("\xf0\x9f\x98\x80"), 2));
    cr_expect(json_add_start(&json, NULL, SPAN("abc"), 0));
    json_end_array(&json);
    expect("[\"abc\",\"abc\",\"ab\",\"ab\xc3\xa4\",\"a\",\"\",\"\"]");
}

Test(json, prints)
{
    json_begin_object(&json, NULL);
    json_add_print(&json, "a", "%d \"%s\"", 5, "x");
    json_end_object(&json);
    expect("{\"a\":\"5 \\\"x\\\"\"}");
}
