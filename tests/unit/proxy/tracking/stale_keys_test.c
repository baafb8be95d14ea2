#include "proxy/tracking/stale_keys.h"

#include <criterion/criterion.h>

#define HEAD ">2\r\n$10\r\ninvalidate\r\n"

static const struct {
    const char *push;
    enum stale expected;
    const char *keys; /* with a blank behind each */
} rows[] = {
    {HEAD "*1\r\n$1\r\na\r\n", STALE_KEYS, "a "},
    {HEAD "*3\r\n$1\r\na\r\n$2\r\nkl\r\n$0\r\n\r\n", STALE_KEYS, "a kl  "},
    {HEAD "*2\r\n:1\r\n$1\r\nb\r\n", STALE_KEYS, "b "},
    {HEAD "*0\r\n", STALE_NOTHING, NULL},
    {HEAD "_\r\n", STALE_ALL, NULL},
    {HEAD "*-1\r\n", STALE_ALL, NULL},
    {">2\r\n$9\r\nsomething\r\n*1\r\n$1\r\na\r\n", STALE_NOTHING, NULL},
    {">1\r\n$10\r\ninvalidate\r\n", STALE_NOTHING, NULL},
    {"+OK\r\n", STALE_NOTHING, NULL},
};

Test(stale_keys, are_read_from_a_push)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct stale_keys keys;
        char text[64] = "";

        cr_assert_eq(stale_keys_read(&keys, span_of(rows[i].push)), rows[i].expected, "row %zu", i);
        if (rows[i].expected != STALE_KEYS) {
            continue;
        }
        for (size_t at = 0; at < keys.count; at++) {
            strncat(text, keys.all[at].at, keys.all[at].size);
            strcat(text, " ");
        }
        cr_expect_str_eq(text, rows[i].keys);
        stale_keys_clear(&keys);
    }
}

Test(stale_keys, of_a_prefix_are_picked_in_their_order)
{
    struct stale_keys keys;
    enum stale stale =
        stale_keys_read(&keys, SPAN(HEAD "*4\r\n$2\r\nab\r\n$1\r\nb\r\n$1\r\na\r\n$2\r\naa\r\n"));

    cr_assert_eq(stale, STALE_KEYS);
    cr_assert_eq(stale_keys_pick(&keys, SPAN("a")), 3);
    cr_expect(span_equal(keys.picked[0], SPAN("ab")));
    cr_expect(span_equal(keys.picked[1], SPAN("a")));
    cr_expect(span_equal(keys.picked[2], SPAN("aa")));
    cr_expect_eq(stale_keys_pick(&keys, SPAN("")), 4);
    cr_expect_eq(stale_keys_pick(&keys, SPAN("c")), 0);
    stale_keys_clear(&keys);
}
