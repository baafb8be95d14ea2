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
        /* A name that its owner has given the address of this machine. */
        {{"1", "same-origin", "http://rebound.example:9180", "rebound.example:9180"}, false},
        {{"1", NULL, "http://127.0.0.1.rebound.example", "127.0.0.1.rebound.example"}, false},
        {{"1", NULL, "http://[::1].rebound.example", "[::1].rebound.example"}, false},
    };

    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        const char *objection = admin_guard_objection(&rows[at].sender);

        cr_expect_eq(objection == NULL, rows[at].is_admitted, "row %zu: %s", at,
                     objection == NULL ? "admitted" : objection);
    }
}

#define FIREFOX "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"

Test(admin_guard, who_may_read_what_only_this_machine_reaches)
{
    static const struct {
        const char *agent;
        const char *host;
        bool is_admitted;
    } rows[] = {
        {NULL, NULL, true},
        {"curl/8.5.0", "slotway.example:9180", true},
        {"Prometheus/3.0", "node-7", true},
        {FIREFOX, "127.0.0.1:9180", true},
        {FIREFOX, "localhost:9180", true},
        {FIREFOX, "[::1]:9180", true},
        {FIREFOX, NULL, false},
        {FIREFOX, "rebound.example:9180", false},
        {FIREFOX, "localhost.rebound.example:9180", false},
    };

    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        const char *objection = admin_guard_reader_objection(rows[at].agent, rows[at].host);

        cr_expect_eq(objection == NULL, rows[at].is_admitted, "row %zu", at);
    }
}
