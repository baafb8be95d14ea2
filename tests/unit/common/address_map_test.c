#include "common/address_map.h"

#include <criterion/criterion.h>

static const struct {
    const char *mapping;
    const char *announced;
    const char *used;
} rows[] = {
    {"10.0.0.5:7000=example.org:17000", "10.0.0.5:7000", "example.org:17000"},
    {"10.0.0.5:7000=example.org:17000", "10.0.0.5:7001", "10.0.0.5:7001"},
    {"10.0.0.5:7000=example.org:17000", "10.0.0.6:7000", "10.0.0.6:7000"},
    {"10.0.0.5:7000=127.0.0.1", "10.0.0.5:7000", "127.0.0.1:7000"},
    {"10.0.0.5=127.0.0.1", "10.0.0.5:7005", "127.0.0.1:7005"},
    {"10.0.0.5=127.0.0.1:9", "10.0.0.5:7005", "127.0.0.1:9"},
    {"10.0.0.5=127.0.0.1:+10000", "10.0.0.5:7005", "127.0.0.1:17005"},
    {"10.0.0.5=127.0.0.1:-7000", "10.0.0.5:7005", "127.0.0.1:5"},
    {"10.0.0.5=127.0.0.1:-7005", "10.0.0.5:7005", "10.0.0.5:7005"},
    {"10.0.0.5=127.0.0.1:+65535", "10.0.0.5:7005", "10.0.0.5:7005"},
    {"Node-1.internal=10.9.9.9", "node-1.INTERNAL:7000", "10.9.9.9:7000"},
    {"172.18.0.0/16=127.0.0.1", "172.18.200.3:7000", "127.0.0.1:7000"},
    {"172.18.0.0/16=127.0.0.1", "172.19.0.3:7000", "172.19.0.3:7000"},
    {"172.18.0.0/16=127.0.0.1", "name:7000", "name:7000"},
    {"172.18.0.0/16=127.0.0.1", "[::1]:7000", "[::1]:7000"},
    {"172.18.0.0/16=10.1.0.0/16", "172.18.200.3:7000", "10.1.200.3:7000"},
    {"172.18.0.0/16=10.1.0.0/16:+1", "172.18.200.3:7000", "10.1.200.3:7001"},
    {"172.18.64.0/19=10.1.32.0/19", "172.18.95.255:7000", "10.1.63.255:7000"},
    {"172.18.64.0/19=10.1.32.0/19", "172.18.96.0:7000", "172.18.96.0:7000"},
    {"172.18.3.4/32=a.example:1", "172.18.3.4:7000", "a.example:1"},
    {"0.0.0.0/0=a.example", "172.18.3.4:7000", "a.example:7000"},
    {"fd00::/64=127.0.0.1", "[fd00::5]:7000", "127.0.0.1:7000"},
    {"fd00::/64=fe80:1::/64", "[fd00::5:6]:7000", "[fe80:1::5:6]:7000"},
    {"fd00::5=127.0.0.1", "[fd00::5]:7000", "127.0.0.1:7000"},
    {"[fd00:0::5]=127.0.0.1", "[fd00::5]:7000", "127.0.0.1:7000"},
    {"[fd00::5]:7000=[::1]:1", "[fd00::5]:7000", "[::1]:1"},
    {"10.0.0.5=::1", "10.0.0.5:7000", "[::1]:7000"},
};

Test(address_map, replaces_what_fits)
{
    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        struct address_map map = {0};
        struct address address;
        char text[sizeof address + 16];

        cr_assert(address_map_append(&map, span_of(rows[at].mapping)), "%s", rows[at].mapping);
        cr_assert_eq(address_parse(span_of(rows[at].announced), &address), ADDRESS_OK);
        address_map_apply(&map, &address);
        cr_expect_str_eq(address_print(&address, text, sizeof text), rows[at].used,
                         "%s: %s becomes %s", rows[at].mapping, rows[at].announced, text);
        address_map_clear(&map);
    }
}

Test(address_map, the_first_that_fits_counts)
{
    struct address_map map = {0};
    struct address address;

    cr_assert(address_map_append(&map, SPAN("10.0.0.5:7000=a")));
    cr_assert(address_map_append(&map, SPAN("10.0.0.5=b")));
    cr_assert(address_map_append(&map, SPAN("10.0.0.0/8=c")));
    cr_assert(address_map_append(&map, SPAN("a=d")));
    cr_assert_eq(address_parse(SPAN("10.0.0.5:7000"), &address), ADDRESS_OK);
    address_map_apply(&map, &address);
    cr_expect_str_eq(address.host, "a");
    cr_assert_eq(address_parse(SPAN("10.0.0.5:7001"), &address), ADDRESS_OK);
    address_map_apply(&map, &address);
    cr_expect_str_eq(address.host, "b");
    cr_assert_eq(address_parse(SPAN("10.0.0.6:7001"), &address), ADDRESS_OK);
    address_map_apply(&map, &address);
    cr_expect_str_eq(address.host, "c");
    address_map_clear(&map);
}

Test(address_map, leaves_paths_alone)
{
    struct address_map map = {0};
    struct address address;

    cr_assert(address_map_append(&map, SPAN("0.0.0.0/0=c")));
    cr_assert_eq(address_parse(SPAN("unix:/tmp/x"), &address), ADDRESS_OK);
    address_map_apply(&map, &address);
    cr_expect_str_eq(address.host, "/tmp/x");
    address_map_clear(&map);
}

static const char *const bad[] = {
    "",
    "=",
    "a",
    "a=",
    "=a",
    "a=b=c",
    "a:0=b",
    "a=b:0",
    "a:x=b",
    "a:70000=b",
    "a=b:70000",
    "a=b:+0",
    "a=b:+70000",
    "a=b:+",
    "a=b:+-1",
    "*=b",
    "a=*",
    "*:1=b",
    "a=*:1",
    "unix:/x=b",
    "a=unix:/x",
    "10.0.0/8=b",
    "10.0.0.0/=b",
    "10.0.0.0/33=b",
    "10.0.0.0/-1=b",
    "10.0.0.5/8=b",
    "name/8=b",
    "10.0.0.0/8=10.0.0.0/16",
    "10.0.0.0/8=fd00::/8",
    "10.0.0.5=10.0.0.0/8",
    "10.0.0.0/8=11.0.0.1/8",
    "fd00::/129=b",
    "a b=c",
    "a=b c",
    "10.0.0.5:1:+5=a",
    "a=b:7:+5",
};

Test(address_map, refuses_what_is_none)
{
    struct address_map map = {0};

    for (size_t at = 0; at < ARRAY_LEN(bad); at++) {
        cr_expect_not(address_map_append(&map, span_of(bad[at])), "%s", bad[at]);
    }
    cr_expect_eq(map.count, 0);
}
