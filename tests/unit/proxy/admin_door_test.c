#include "proxy/admin_door.h"

#include <criterion/criterion.h>

static const struct row {
    const char *behaviour;
    const char *token;
    struct admin_visitor visitor;
    bool is_admitted;
} rows[] = {
    {"nobody needs a token where there is none", NULL, {"/metrics", NULL, NULL}, true},
    {"nor where probes ask", "s3cret", {"/healthz", NULL, NULL}, true},
    {"whatever they show", "s3cret", {"/readyz", "Bearer wrong", NULL}, true},
    {"all else needs it", "s3cret", {"/metrics", NULL, NULL}, false},
    {"also what begins alike", "s3cret", {"/healthz/", NULL, NULL}, false},
    {"a program shows it", "s3cret", {"/metrics", "Bearer s3cret", NULL}, true},
    {"in any case of the word", "s3cret", {"/metrics", "bearer  s3cret", NULL}, true},
    {"a browser shows it as a password", "s3cret", {"/", "Basic dTpzM2NyZXQ=", "s3cret"}, true},
    {"another one", "s3cret", {"/metrics", "Bearer s3creT", NULL}, false},
    {"a part of it", "s3cret", {"/metrics", "Bearer s3cre", NULL}, false},
    {"more than it", "s3cret", {"/metrics", "Bearer s3cret1", NULL}, false},
    {"nothing", "s3cret", {"/metrics", "Bearer ", NULL}, false},
    {"another password", "s3cret", {"/", "Basic dTp4", "x"}, false},
    {"the bare token", "s3cret", {"/metrics", "s3cret", NULL}, false},
    {"a word that is none of these", "s3cret", {"/metrics", "Digest s3cret", NULL}, false},
};

Test(admin_door, admits_who_knows_the_token)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(admin_door_admits(rows[i].token, &rows[i].visitor), rows[i].is_admitted, "%s",
                     rows[i].behaviour);
    }
}
