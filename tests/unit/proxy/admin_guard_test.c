#include "proxy/admin_guard.h"

#include <criterion/criterion.h>

struct row {
    struct admin_sender sender;
    bool is_admitted;
};

Test(admin_guard, who_may_change_something)
{
    static const struct row rows[] = {
        {{NULL, NULL, NULL, NULL}, false},
        {{NULL, NULL, NULL, "127.0.0.1:9180"}, false},
        {{NULL, "same-origin", "http://127.0.0.1:9180", "127.0.0.1:9180"}, false},
        {{"1", NULL, NULL, "127.0.0.1:9180"}, true},
        {{"", NULL, NULL, "slotway.example:9180"}, true},
        {{"1", "same-origin", "http://127.0.0.1:9180", "127.0.0.1:9180"}, true},
        {{"1", "none", NULL, "127.0.0.1:9180"}, true},
        {{"1", "cross-site", NULL, "127.0.0.1:9180"}, false},
        {{"1", "same-site", NULL, "127.0.0.1:9180"}, false},
        {{"1", NULL, "http://localhost:9180", "localhost:9180"}, true},
        {{"1", NULL, "https://[::1]:9180", "[::1]:9180"}, true},
        {{"1", NULL, "http://10.0.0.7", "10.0.0.7"}, true},
        {{"1", NULL, "http://127.0.0.1:80", "127.0.0.1:9180"}, false},
        {{"1", NULL, "null", "127.0.0.1:9180"}, false},
        {{"1", NULL, "", ""}, false},
        {{"1", NULL, "http://127.0.0.1:9180", NULL}, false},
        {{"1", NULL, "http://", ""}, false},
        {{"1", "same-origin", "https://slotway.example", "slotway.example"}, true},
        {{"1", NULL, "http://127.0.0.1.elsewhere.example", "127.0.0.1"}, false},
    };

    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        const char *objection = admin_guard_order_objection(&rows[at].sender);

        cr_expect_eq(objection == NULL, rows[at].is_admitted, "row %zu: %s", at,
                     objection == NULL ? "admitted" : objection);
    }
}

Test(admin_guard, by_which_names_it_may_be_called)
{
    static const char names[] = "slotway, proxy-7.example";
    static const struct {
        const char *host;
        const char *names;
        bool is_admitted;
    } rows[] = {
        {"127.0.0.1:9180", NULL, true},
        {"127.0.0.1", NULL, true},
        {"10.0.0.7:9180", NULL, true},
        {"[::1]:9180", NULL, true},
        {"[2001:db8::7]", NULL, true},
        {"localhost:9180", NULL, true},
        {"LocalHost", NULL, true},
        {"slotway:9180", names, true},
        {"Proxy-7.example", names, true},
        {NULL, NULL, false},
        {"", NULL, false},
        {"", names, false},
        {":9180", names, false},
        {"slotway:9180", NULL, false},
        {"example", names, false},
        /* A name that its owner has given the address of this machine. */
        {"rebound.example:9180", NULL, false},
        {"rebound.example:9180", names, false},
        {"localhost.rebound.example:9180", NULL, false},
        {"127.0.0.1.rebound.example", NULL, false},
        {"[::1].rebound.example", NULL, false},
        {"slotway,:9180", names, false},
    };

    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        const char *objection = admin_guard_host_objection(rows[at].host, rows[at].names);

        cr_expect_eq(objection == NULL, rows[at].is_admitted, "row %zu", at);
    }
}
