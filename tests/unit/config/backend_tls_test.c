#include "config/backend_tls.h"

#include "tests/support/pki.h"
#include "tests/unit/config/fixture.h"

#define SEEDS "seeds: [\"n:1\"]"

static struct pki *pki;

static void set_up(void)
{
    fixture_enter();
    pki = pki_new();
    pki_make_usual(pki);
    pki_make(pki, "locked", .issuer = "ca", .password = "open sesame");
}

static void tear_down(void)
{
    pki_free(&pki);
    fixture_leave();
}

TestSuite(backend_tls, .init = set_up, .fini = tear_down);

/* A pool whose backend has `more`, in which each @ is the folder of the certificates; to be freed.
 */
static char *yaml_with(const char *more)
{
    char *text = memory_print("pools: [{backend: {" SEEDS ", ");

    for (const char *at = more; *at != '\0'; at++) {
        char *longer = *at == '@' ? memory_print("%s%s", text, pki_path(pki, ""))
                                  : memory_print("%s%c", text, *at);

        free(text);
        text = longer;
    }
    char *whole = memory_print("%s}}]", text);
    free(text);
    return whole;
}

static void expect_bad(const char *more, const char *column, const char *said)
{
    char *yaml = yaml_with(more);
    struct config *config = NULL;
    char *errors = fixture_load(yaml, NULL, &config);
    char *place = memory_print("f.yaml:1:%s: ", column);

    cr_expect_null(config, "%s", more);
    cr_expect(strncmp(errors, place, strlen(place)) == 0, "%s: %s", more, errors);
    cr_expect_not_null(strstr(errors, said), "%s: %s", more, errors);
    cr_expect_eq(strchr(errors, '\n') + 1, errors + strlen(errors), "%s: %s", more, errors);
    free(place);
    free(errors);
    free(yaml);
    config_free(&config);
}

Test(backend_tls, says_what_is_wrong_and_where)
{
    static const struct {
        const char *more;
        const char *column;
        const char *said;
    } rows[] = {
        {"tls_verify: maybe", "48",
         "wrong 'backend.tls_verify', 'maybe' is unknown, expected full"},
        {"tls_protocols: TLSv1.1", "51", "'TLSv1.1' is no list of versions, expected TLSv1.2"},
        {"tls_protocols: \" \"", "51", "is no list of versions"},
        {"tls_ca_file: @/ca.pem", "49", "has no effect, expected 'backend.tls: true' beside it"},
        {"tls_server_name: a.b", "53", "has no effect"},
        {"tls: true, tls_key: @/client.key", "56", "has no certificate"},
        {"tls: true, tls_ca_file: /none", "60", "wrong 'backend.tls_ca_file', '/none'"},
        {"tls: true, tls_certificate: @/client.key", "64", "wrong 'backend.tls_certificate'"},
        {"tls: true, tls_ciphers: nonsense", "60", "wrong 'backend.tls_ciphers', 'nonsense'"},
        {"tls: true, tls_ciphersuites: nonsense", "65", "wrong 'backend.tls_ciphersuites'"},
        {"tls: true, tls_certificate: @/client.pem, tls_key: @/server.key", "118",
         "key that does not belong to the certificate"},
        {"tls: perhaps", "41", "expected true or false"},
    };

    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        expect_bad(rows[row].more, rows[row].column, rows[row].said);
    }
    fixture_bad("a unix socket", "pools: [{backend: {tls: true, seeds: [\"unix:/a\"]}}]", NULL,
                "f.yaml:1:38: 'backend.seeds' has a unix socket, where there is no TLS, expected "
                "hosts and ports, or 'backend.tls: false'\n");
}

static struct tls_context *context_of(const char *more, enum backend_verify verify)
{
    char *yaml = yaml_with(more);
    struct config *config = fixture_good(yaml, NULL);
    struct tls_option_fault fault;
    struct tls_context *context = backend_tls_context(&config->pools[0], &fault);

    cr_expect_not_null(context, "%s: %s", more, fault.text);
    cr_expect_eq(backend_tls_verify(&config->pools[0]), verify);
    config_free(&config);
    free(yaml);
    return context;
}

Test(backend_tls, makes_a_context_of_what_is_good)
{
    static const struct {
        const char *more;
        enum backend_verify verify;
        bool has_certificate;
    } rows[] = {
        {"tls: true", BACKEND_VERIFY_FULL, false},
        {"tls: true, tls_verify: CA, tls_ca_file: @/ca.pem", BACKEND_VERIFY_CA, false},
        {"tls: true, tls_verify: none, tls_protocols: tlsv1.3", BACKEND_VERIFY_NONE, false},
        {"tls: true, tls_ca_folder: @", BACKEND_VERIFY_FULL, false},
        {"tls: true, tls_certificate: @/client.pem, tls_key: @/client.key", BACKEND_VERIFY_FULL,
         true},
        {"tls: true, tls_certificate: @/locked.pem, tls_key: @/locked.key, "
         "tls_key_password_file: password",
         BACKEND_VERIFY_FULL, true},
    };

    fixture_write("password", "open sesame\n");
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        struct tls_context *context = context_of(rows[row].more, rows[row].verify);

        cr_expect_eq(tls_context_expires(context) != 0, rows[row].has_certificate, "row %zu", row);
        tls_context_release(&context);
    }
}

Test(backend_tls, is_off_unless_it_is_said)
{
    struct config *config = fixture_good("pools: [{backend: {" SEEDS "}}]", NULL);

    cr_expect_not(config->pools[0].backend_tls);
    config_free(&config);
}
