#include "proxy/downstream/credentials.h"

#include <criterion/criterion.h>

static const struct row {
    const char *name;
    const char *configured; /* NULL: no password */
    const char *user;       /* NULL: AUTH with a password alone */
    const char *password;
    enum credentials expected;
} rows[] = {
    {"the password alone", "secret", NULL, "secret", CREDENTIALS_OK},
    {"with the user", "secret", "default", "secret", CREDENTIALS_OK},
    {"another user", "secret", "other", "secret", CREDENTIALS_WRONG},
    {"the user in capitals", "secret", "Default", "secret", CREDENTIALS_WRONG},
    {"another password", "secret", NULL, "secreT", CREDENTIALS_WRONG},
    {"a beginning of it", "secret", NULL, "secre", CREDENTIALS_WRONG},
    {"more than it", "secret", NULL, "secrets", CREDENTIALS_WRONG},
    {"it twice", "secret", NULL, "secretsecret", CREDENTIALS_WRONG},
    {"nothing", "secret", NULL, "", CREDENTIALS_WRONG},
    {"a password where none is needed", NULL, NULL, "x", CREDENTIALS_NOT_NEEDED},
    {"any password of the user where none is needed", NULL, "default", "x", CREDENTIALS_OK},
    {"another user where none is needed", NULL, "other", "x", CREDENTIALS_WRONG},
};

Test(credentials, rows)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct pool_config config = {
            .clients_username = (char *)"default",
            .clients_password = (char *)row->configured,
        };
        struct span user = span_of(row->user == NULL ? "" : row->user);

        cr_expect_eq(
            credentials_check(&config, row->user == NULL ? NULL : &user, span_of(row->password)),
            row->expected, "%s", row->name);
    }
}
