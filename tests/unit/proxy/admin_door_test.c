#include "proxy/admin_door.h"

#include <criterion/criterion.h>

static const struct row {
    const char *behaviour;
    const char *token;
    struct admin_visitor visitor;
    bool is_admitted;
} rows[] = {
    {"nobody needs a token where there is none", NULL, {NULL, NULL}, true},
    {"else everybody does", "s3cret", {NULL, NULL}, false},
    {"a program shows it", "s3cret", {"Bearer s3cret", NULL}, true},
    {"in any case of the word", "s3cret", {"bearer  s3cret", NULL}, true},
    {"a browser shows it as a password", "s3cret", {"Basic dTpzM2NyZXQ=", "s3cret"}, true},
    {"another one", "s3cret", {"Bearer s3creT", NULL}, false},
    {"a part of it", "s3cret", {"Bearer s3cre", NULL}, false},
    {"more than it", "s3cret", {"Bearer s3cret1", NULL}, false},
    {"nothing", "s3cret", {"Bearer ", NULL}, false},
    {"another password", "s3cret", {"Basic dTp4", "x"}, false},
    {"the bare token", "s3cret", {"s3cret", NULL}, false},
    {"a word that is none of these", "s3cret", {"Digest s3cret", NULL}, false},
};

Test(admin_door, admits_who_knows_the_token)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(admin_door_admits(rows[i].token, &rows[i].visitor), rows[i].is_admitted, "%s",
                     rows[i].behaviour);
    }
}

Test(admin_door, is_open_for_probes_and_for_metrics_where_that_is_wanted)
{
    static const struct {
        const char *path;
        bool has_open_metrics;
        bool is_open;
    } paths[] = {
        {"/healthz", false, true}, {"/readyz", false, true},   {"/metrics", false, false},
        {"/metrics", true, true},  {"/metrics/", true, false}, {"/healthz/", false, false},
        {"/", true, false},        {"/reload", true, false},   {"/stats", true, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        cr_expect_eq(admin_door_is_open(paths[i].path, paths[i].has_open_metrics), paths[i].is_open,
                     "%s", paths[i].path);
    }
}
