#include "common/address.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

static const struct {
    const char *text;
    enum address_result result;
    const char *host;
    uint16_t port;
    const char *printed; /* NULL: as it was written */
} rows[] = {
    {"10.0.0.1:6379", ADDRESS_OK, "10.0.0.1", 6379, NULL},
    {"127.0.0.1:0", ADDRESS_OK, "127.0.0.1", 0, NULL},
    {"127.0.0.1:65535", ADDRESS_OK, "127.0.0.1", 65535, NULL},
    {"[::1]:6379", ADDRESS_OK, "::1", 6379, NULL},
    {"[0:0:0:0:0:0:0:1]:6379", ADDRESS_OK, "::1", 6379, "[::1]:6379"},
    {"[2001:DB8::A]:7", ADDRESS_OK, "2001:db8::a", 7, "[2001:db8::a]:7"},
    {"node-1.example.com:7000", ADDRESS_OK, "node-1.example.com", 7000, NULL},
    {"redis_0.redis:7000", ADDRESS_OK, "redis_0.redis", 7000, NULL},
    {"1password.com:7000", ADDRESS_OK, "1password.com", 7000, NULL},
    {"*:6379", ADDRESS_OK, "*", 6379, NULL},
    {"unix:/run/slotway.sock", ADDRESS_OK, "/run/slotway.sock", 0, NULL},

    {"", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {":", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {":6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"localhost", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"::1:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"[::1]", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"[::1]6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"[]:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"[::g]:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"[127.0.0.1]:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"[name]:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"a b:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"?:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"-x:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"10.0.0.999:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"10.1:6379", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"unix:", ADDRESS_BAD_FORM, NULL, 0, NULL},
    {"unix:relative", ADDRESS_BAD_FORM, NULL, 0, NULL},

    {"host:", ADDRESS_BAD_PORT, NULL, 0, NULL},
    {"host:65536", ADDRESS_BAD_PORT, NULL, 0, NULL},
    {"host:999999", ADDRESS_BAD_PORT, NULL, 0, NULL},
    {"host:4294967297", ADDRESS_BAD_PORT, NULL, 0, NULL},
    {"host:-1", ADDRESS_BAD_PORT, NULL, 0, NULL},
    {"host:+1", ADDRESS_BAD_PORT, NULL, 0, NULL},
    {"host:12a", ADDRESS_BAD_PORT, NULL, 0, NULL},
    {"host: 1", ADDRESS_BAD_PORT, NULL, 0, NULL},
};

Test(address, parses_what_it_should_and_nothing_else)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address address = {.port = 4711};
        char text[300];

        cr_expect_eq(address_parse(span_of(rows[i].text), &address), rows[i].result, "'%s'",
                     rows[i].text);
        if (rows[i].result != ADDRESS_OK) {
            cr_expect_eq(address.port, 4711, "'%s' left a mark", rows[i].text);
            continue;
        }
        cr_expect_str_eq(address.host, rows[i].host);
        cr_expect_eq(address.port, rows[i].port);
        cr_expect_str_eq(address_print(&address, text, sizeof text),
                         rows[i].printed != NULL ? rows[i].printed : rows[i].text);
    }
}

Test(address, every_text_is_read_only_within_its_span)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t size = 0; size <= strlen(rows[i].text); size++) {
            struct address address;
            char *exact = memcpy(malloc(size + 1), rows[i].text, size);

            exact[size] = 'x';

            enum address_result result = address_parse((struct span){exact, size}, &address);

            exact[size] = '7';
            cr_expect_eq(address_parse((struct span){exact, size}, &address), result);
            free(exact);
        }
    }
}

Test(address, refuses_what_is_too_long_or_holds_a_zero_byte)
{
    struct address address;
    char text[400];

    snprintf(text, sizeof text, "%0255d.x:1", 1);
    cr_expect_eq(address_parse(span_of(text), &address), ADDRESS_TOO_LONG);
    memset(text, 'a', sizeof text);
    memcpy(text + 255, ":1", 2);
    cr_expect_eq(address_parse((struct span){text, 257}, &address), ADDRESS_OK);
    snprintf(text, sizeof text, "unix:/%0106d", 1);
    cr_expect_eq(address_parse(span_of(text), &address), ADDRESS_OK);
    snprintf(text, sizeof text, "unix:/%0107d", 1);
    cr_expect_eq(address_parse(span_of(text), &address), ADDRESS_TOO_LONG);
    cr_expect_eq(address_parse(SPAN("127.0.0.1\0x:1"), &address), ADDRESS_BAD_FORM);
    cr_expect_eq(address_parse(SPAN("unix:/a\0b"), &address), ADDRESS_BAD_FORM);
}

Test(address, set_takes_hosts_as_they_come_apart)
{
    struct address address;
    char text[300];

    cr_expect_eq(address_set(&address, SPAN("::1"), 7000), ADDRESS_OK);
    cr_expect_str_eq(address_print(&address, text, sizeof text), "[::1]:7000");
    cr_expect_eq(address_set(&address, SPAN("node"), 7001), ADDRESS_OK);
    cr_expect_str_eq(address_print(&address, text, sizeof text), "node:7001");
    cr_expect_eq(address_set(&address, SPAN(""), 1), ADDRESS_BAD_FORM);
    cr_expect_eq(address_set(&address, SPAN("?"), 1), ADDRESS_BAD_FORM);
    cr_expect_eq(address_set(&address, SPAN("a:b"), 1), ADDRESS_BAD_FORM);
}

static bool equal(const char *a, const char *b)
{
    struct address first, second;

    cr_assert_eq(address_parse(span_of(a), &first), ADDRESS_OK);
    cr_assert_eq(address_parse(span_of(b), &second), ADDRESS_OK);
    return address_equal(&first, &second);
}

Test(address, equal_means_the_same_place)
{
    cr_expect(equal("127.0.0.1:1", "127.0.0.1:1"));
    cr_expect(equal("Node.Example:1", "node.example:1"));
    cr_expect(equal("[::1]:1", "[0::1]:1"));
    cr_expect(equal("unix:/a", "unix:/a"));
    cr_expect_not(equal("127.0.0.1:1", "127.0.0.1:2"));
    cr_expect_not(equal("127.0.0.1:1", "127.0.0.2:1"));
    cr_expect_not(equal("unix:/a", "unix:/A"));
}

static const char *endpoint_text(const char *text)
{
    static char printed[300];
    struct address address;
    struct endpoint endpoint;

    cr_assert_eq(address_parse(span_of(text), &address), ADDRESS_OK);
    if (!address_to_endpoint(&address, &endpoint)) {
        return "needs a resolver";
    }
    return endpoint_print(&endpoint, printed, sizeof printed);
}

Test(address, endpoints_print_as_the_address_they_came_from)
{
    cr_expect_str_eq(endpoint_text("127.0.0.1:6379"), "127.0.0.1:6379");
    cr_expect_str_eq(endpoint_text("[::1]:6379"), "[::1]:6379");
    cr_expect_str_eq(endpoint_text("[::ffff:10.1.2.3]:6379"), "10.1.2.3:6379");
    cr_expect_str_eq(endpoint_text("unix:/tmp/x"), "unix:/tmp/x");
    cr_expect_str_eq(endpoint_text("localhost:6379"), "needs a resolver");
    cr_expect_str_eq(endpoint_text("*:6379"), "needs a resolver");
}

Test(address, resolve_knows_localhost_and_says_when_there_is_no_answer)
{
    struct address address;
    struct endpoint endpoint;
    char text[100];

    cr_assert_eq(address_parse(SPAN("localhost:6379"), &address), ADDRESS_OK);
    cr_expect_eq(address_resolve(&address, &endpoint), ADDRESS_OK);
    endpoint_print(&endpoint, text, sizeof text);
    cr_expect(strcmp(text, "127.0.0.1:6379") == 0 || strcmp(text, "[::1]:6379") == 0, "%s", text);

    cr_assert_eq(address_parse(SPAN("no-such-host.invalid:1"), &address), ADDRESS_OK);
    cr_expect_eq(address_resolve(&address, &endpoint), ADDRESS_NOT_FOUND);
    cr_assert_eq(address_parse(SPAN("*:1"), &address), ADDRESS_OK);
    cr_expect_eq(address_resolve(&address, &endpoint), ADDRESS_NOT_FOUND);
}

Test(address, every_result_has_a_text_of_its_own)
{
    for (int i = ADDRESS_OK; i <= ADDRESS_NOT_FOUND; i++) {
        cr_expect_gt(strlen(address_result_text((enum address_result)i)), 0);
        for (int j = ADDRESS_OK; j < i; j++) {
            cr_expect_str_neq(address_result_text((enum address_result)i),
                              address_result_text((enum address_result)j));
        }
    }
}
