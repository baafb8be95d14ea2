#include "config/quote.h"
#include "tests/unit/config/fixture.h"

static const struct {
    const char *text;
    const char *quoted;
} samples[] = {
    {"", "\"\""},
    {"plain # text: 'x'", "\"plain # text: 'x'\""},
    {"a\"b\\c", "\"a\\\"b\\\\c\""},
    {"${x} $y $${z}", "\"$${x} $y $$${z}\""},
    {"\xd0\xb8\xd0\xbc\xd1\x8f", "\"\xd0\xb8\xd0\xbc\xd1\x8f\""},
    {"line\nend", "\"line\\x0Aend\""},
    {"\xe2\x80\xa8", "\"\\U00002028\""},
    {"\xc2\x85", "\"\\U00000085\""},
    {"\xff\xc0\x80", "\"\\xFF\\xC0\\x80\""},
    {"\xed\xa0\x80", "\"\\xED\\xA0\\x80\""},
    {"\xf0\x9f\x98\x80", "\"\\U0001F600\""},
    {"\xe2\x82", "\"\\xE2\\x82\""},
};

Test(quote, samples)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char *quoted = NULL;
        FIXTURE_PRINTED(quoted, quote_print(samples[i].text, to));
        cr_expect_str_eq(quoted, samples[i].quoted);
        free(quoted);
    }
}
