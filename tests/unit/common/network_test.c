#include "common/network.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct {
    const char *list;
    const char *peer; /* as an address, "unix:/x" for one of those */
    bool is_had;
} rows[] = {
    {"10.0.0.0/8", "10.200.3.4:5", true},
    {"10.0.0.0/8", "11.0.0.0:5", false},
    {"10.0.0.0/8, 192.168.1.5", "192.168.1.5:9", true},
    {"10.0.0.0/8, 192.168.1.5", "192.168.1.6:9", false},
    {"10.0.0.0/8 192.168.1.5", "192.168.1.5:9", true},
    {",, 127.0.0.1 ,", "127.0.0.1:9", true},
    {"0.0.0.0/0", "1.2.3.4:5", true},
    {"0.0.0.0/0", "[::1]:5", false},
    {"0.0.0.0/0", "[::ffff:1.2.3.4]:5", true},
    {"::/0", "[fd00::1]:5", true},
    {"::/0", "1.2.3.4:5", false},
    {"fd00::/64", "[fd00::ffff:5]:5", true},
    {"fd00::/64", "[fd00:0:0:1::5]:5", false},
    {"fd00::5", "[fd00::5]:5", true},
    {"172.18.64.0/19", "172.18.95.255:1", true},
    {"172.18.64.0/19", "172.18.96.0:1", false},
    {"unix", "unix:/tmp/x", true},
    {"UNIX, 10.0.0.0/8", "unix:/tmp/x", true},
    {"10.0.0.0/8", "unix:/tmp/x", false},
    {"unix", "127.0.0.1:1", false},
};

Test(networks, have_those_who_come_from_them)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct networks networks;
        struct address address;
        struct endpoint peer;
        struct span wrong;

        cr_assert(networks_parse(&networks, span_of(rows[i].list), &wrong), "%s", rows[i].list);
        cr_assert_eq(address_parse(span_of(rows[i].peer), &address), ADDRESS_OK);
        cr_assert(address_to_endpoint(&address, &peer));
        cr_expect_eq(networks_have(&networks, &peer), rows[i].is_had, "%s in %s", rows[i].peer,
                     rows[i].list);
        networks_clear(&networks);
    }
}

static const struct {
    const char *list;
    const char *wrong;
} bad[] = {
    {"", ""},
    {" , ", ""},
    {"10.0.0.1/8", "10.0.0.1/8"},
    {"10.0.0.0/33", "10.0.0.0/33"},
    {"10.0.0.0/-1", "10.0.0.0/-1"},
    {"10.0.0.0/", "10.0.0.0/"},
    {"fd00::/129", "fd00::/129"},
    {"10.0.0.0/8, localhost", "localhost"},
    {"10.0.0.0/8, 10.0.0.300, unix", "10.0.0.300"},
    {"10.0.0.5:6379", "10.0.0.5:6379"},
    {"0000000000000000000000000000000000000000000000000000000000000001", ""},
};

Test(networks, are_refused_with_the_word_that_is_none)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct networks networks;
        struct span wrong;

        cr_assert_not(networks_parse(&networks, span_of(bad[i].list), &wrong), "%s", bad[i].list);
        cr_expect_eq(networks.count, 0);
        if (bad[i].wrong[0] != '\0') {
            cr_expect(span_equal(wrong, span_of(bad[i].wrong)), "%s", bad[i].list);
        }
    }
}
