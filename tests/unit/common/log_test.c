#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

static int pipe_ends[2];
static char text[64 * 1024];

static void open_log(void)
{
    cr_assert_eq(pipe(pipe_ends), 0);
    log_set_descriptor(pipe_ends[1]);
    log_configure(LOG_INFO, LOG_TEXT);
}

static void close_log(void)
{
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

TestSuite(log, .init = open_log, .fini = close_log);

/* All that was logged since the last call. The write end stays open, a mark says where to stop. */
static const char *logged(void)
{
    size_t size = 0;

    cr_assert_eq(write(pipe_ends[1], "\x01", 1), 1);
    while (size == 0 || text[size - 1] != '\x01') {
        ssize_t more = read(pipe_ends[0], text + size, sizeof text - size);

        cr_assert_gt(more, 0);
        size += (size_t)more;
    }
    text[size - 1] = '\0';
    return text;
}

/* The line behind its time of day. */
static const char *line_of(const char *line)
{
    cr_assert_eq(line[23], 'Z', "no time in '%s'", line);
    return line + 25;
}

Test(log, line_is_time_level_event_and_pairs)
{
    log_warn("node unreachable", "node=%s error=%s retry_ms=%u", "127.0.0.1:7000", "refused", 250U);

    const char *line = logged();
    int year, month, day, hour, minute, second, millisecond;

    cr_expect_eq(sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &year, &month, &day, &hour, &minute,
                        &second, &millisecond),
                 7);
    cr_expect_geq(year, 2024);
    cr_expect_str_eq(line_of(line),
                     "WARN  node unreachable node=127.0.0.1:7000 error=refused retry_ms=250\n");
}

Test(log, lines_below_the_threshold_are_not_written)
{
    log_debug("quiet", "");
    log_info("loud", "");
    log_configure(LOG_ERROR, LOG_TEXT);
    log_warn("quiet", "");
    log_error("loud", "");
    log_configure(LOG_DEBUG, LOG_TEXT);
    log_debug("loud", "");
    const char *lines = logged();

    cr_expect_null(strstr(lines, "quiet"));
    cr_expect_not_null(strstr(lines, "INFO  loud\n"));
    cr_expect_not_null(strstr(lines, "ERROR loud\n"));
    cr_expect_not_null(strstr(lines, "DEBUG loud\n"));
}

struct value_row {
    const char *value;
    const char *as_text;
    const char *as_json;
};

static const struct value_row values[] = {
    {"plain", "v=plain n=1\n", "\"v\":\"plain\",\"n\":1}\n"},
    {"", "v=\"\" n=1\n", "\"v\":\"\",\"n\":1}\n"},
    {"two words", "v=\"two words\" n=1\n", "\"v\":\"two words\",\"n\":1}\n"},
    {"a=b", "v=\"a=b\" n=1\n", "\"v\":\"a=b\",\"n\":1}\n"},
    {"say \"hi\"", "v=\"say \\\"hi\\\"\" n=1\n", "\"v\":\"say \\\"hi\\\"\",\"n\":1}\n"},
    {"C:\\x", "v=\"C:\\\\x\" n=1\n", "\"v\":\"C:\\\\x\",\"n\":1}\n"},
    {"a\r\n\tb", "v=\"a\\r\\n\\tb\" n=1\n", "\"v\":\"a\\r\\n\\tb\",\"n\":1}\n"},
    {"\x01\x1f\x7f", "v=\"\\x01\\x1f\\x7f\" n=1\n", "\"v\":\"\\u0001\\u001f\\u007f\",\"n\":1}\n"},
    {"gr\xc3\xbc\xc3\x9f", "v=gr\xc3\xbc\xc3\x9f n=1\n", "\"v\":\"gr\xc3\xbc\xc3\x9f\",\"n\":1}\n"},
    {"\xe2\x82\xac\xf0\x9f\x98\x80", "v=\xe2\x82\xac\xf0\x9f\x98\x80 n=1\n",
     "\"v\":\"\xe2\x82\xac\xf0\x9f\x98\x80\",\"n\":1}\n"},
    {"\xff", "v=\"\\xff\" n=1\n", "\"v\":\"\\ufffd\",\"n\":1}\n"},
    {"cut\xc3", "v=\"cut\\xc3\" n=1\n", "\"v\":\"cut\\ufffd\",\"n\":1}\n"},
    {"\xc0\xaf", "v=\"\\xc0\\xaf\" n=1\n", "\"v\":\"\\ufffd\\ufffd\",\"n\":1}\n"},
    {"\xed\xa0\x80", "v=\"\\xed\\xa0\\x80\" n=1\n", "\"v\":\"\\ufffd\\ufffd\\ufffd\",\"n\":1}\n"},
    {"\xf5z", "v=\"\\xf5z\" n=1\n", "\"v\":\"\\ufffdz\",\"n\":1}\n"},
    {"%s%n", "v=%s%n n=1\n", "\"v\":\"%s%n\",\"n\":1}\n"},
};

Test(log, any_value_is_one_value)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        static struct log_site site;

        site.in_window = 0;
        log_configure(LOG_INFO, LOG_TEXT);
        log_line(&site, LOG_INFO, "e", "v=%s n=%d", values[i].value, 1);
        cr_expect_str_eq(line_of(logged()) + strlen("INFO  e "), values[i].as_text);

        log_configure(LOG_INFO, LOG_JSON);
        log_line(&site, LOG_INFO, "e", "v=%s n=%d", values[i].value, 1);

        const char *line = logged();

        cr_expect_eq(strncmp(line, "{\"time\":\"20", 11), 0);
        cr_expect_str_eq(strstr(line, "\"event\":\"e\",") + strlen("\"event\":\"e\","),
                         values[i].as_json);
    }
}

Test(log, every_conversion_takes_its_own_argument)
{
    log_info("e",
             "d=%d u=%u ld=%ld lu=%lu lld=%lld llu=%llu zu=%zu zd=%zd u64=%" PRIu64 " i64=%" PRId64
             " c=%c x=%x wide=%04x span=%.*s pair=%s:%u share=%.1f%% last=%s",
             -1, 4000000000U, -5000000000L, 5000000001UL, -5000000002LL, 5000000003ULL,
             (size_t)5000000004, (ssize_t)-6, UINT64_MAX, INT64_MIN, 'c', 255U, 10U, 3, "abcdef",
             "host", 7000U, 12.5, "end");
    cr_expect_str_eq(line_of(logged()),
                     "INFO  e d=-1 u=4000000000 ld=-5000000000 lu=5000000001 lld=-5000000002 "
                     "llu=5000000003 zu=5000000004 zd=-6 u64=18446744073709551615 "
                     "i64=-9223372036854775808 c=c x=ff wide=000a span=abc pair=host:7000 "
                     "share=12.5% last=end\n");
}

Test(log, json_numbers_are_bare_only_when_they_are_decimal)
{
    log_configure(LOG_INFO, LOG_JSON);
    log_info("e", "d=%d x=%x wide=%04d pair=%d-%d unit=%dms", -5, 10U, 7, 1, 2, 3);
    cr_expect_not_null(strstr(logged(), ",\"d\":-5,\"x\":\"a\",\"wide\":\"0007\",\"pair\":\"1-2\","
                                        "\"unit\":\"3ms\"}\n"));
}

Test(log, long_lines_are_cut_and_still_whole)
{
    static char big[10000];

    memset(big, '\x02', sizeof big - 1);
    log_info("text", "a=%s b=%s c=%s d=%s", big, big, big, big);

    const char *line = logged();

    cr_expect_leq(strlen(line), 4096);
    cr_expect_gt(strlen(line), 3900);
    cr_expect_str_eq(line + strlen(line) - 6, "\\x02\"\n");

    log_configure(LOG_INFO, LOG_JSON);
    log_info("json", "a=%s b=%d c=%s", big, 1, "c");
    line = logged();
    cr_expect_leq(strlen(line), 4096);
    cr_expect_str_eq(line + strlen(line) - 9, "\\u0002\"}\n");
}

static void log_often(int times)
{
    for (int i = 0; i < times; i++) {
        log_info("often", "i=%d", i);
    }
}

static int count_of(const char *all, const char *word)
{
    int count = 0;

    for (const char *at = strstr(all, word); at != NULL; at = strstr(at + 1, word)) {
        count++;
    }
    return count;
}

Test(log, repeats_are_counted_instead_of_written)
{
    static struct log_site site;

    log_often(LOG_BURST * 3);
    cr_expect_eq(count_of(logged(), "often i="), LOG_BURST);

    for (int i = 0; i < LOG_BURST + 7; i++) {
        log_line(&site, LOG_INFO, "site", "");
    }
    cr_expect_eq(count_of(logged(), "site"), LOG_BURST);
    site.window_start -= US_PER_SECOND;
    log_line(&site, LOG_INFO, "site", "n=%d", 1);
    cr_expect_str_eq(line_of(logged()), "INFO  site n=1 suppressed=7\n");
    log_configure(LOG_INFO, LOG_JSON);
    log_line(&site, LOG_INFO, "site", "");
    cr_expect_null(strstr(logged(), "suppressed"));
}
