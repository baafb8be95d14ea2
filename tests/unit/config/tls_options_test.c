#include "config/tls_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/support/pki.h"
#include "tests/unit/config/fixture.h"

static struct pki *pki;

static void set_up(void)
{
    fixture_enter();
    pki = pki_new();
    pki_make_usual(pki);
    pki_make(pki, "sealed", .issuer = "ca", .password = "secret");
    pki_make(pki, "old", .issuer = "ca", .ends_in = -60);
    pki_write(pki, "password", "secret\n");
    pki_write(pki, "empty", "");
}

static void clean_up(void)
{
    pki_free(&pki);
    fixture_leave();
}

TestSuite(tls_options, .init = set_up, .fini = clean_up);

/* `begin`, then `tls` with FOLDER for where the certificates are, then `end`. */
static char *yaml_around(const char *begin, const char *tls, const char *end)
{
    const char *folder = pki_path(pki, "");
    char *yaml = memory_print("%s", begin);

    while (*tls != '\0') {
        size_t size = strncmp(tls, "FOLDER", 6) == 0 ? 6 : 1;
        char *longer = memory_print("%s%.*s", yaml, size == 6 ? (int)strlen(folder) : 1,
                                    size == 6 ? folder : tls);

        free(yaml);
        yaml = longer;
        tls += size;
    }

    char *whole = memory_print("%s%s", yaml, end);

    free(yaml);
    return whole;
}

static char *yaml_of(const char *tls)
{
    return yaml_around("pools: [{backend: {seeds: [\"n:1\"]}, tls: {", tls, "}}]");
}

static char *yaml_of_admin(const char *admin)
{
    return yaml_around("admin: {", admin, "}\npools: [{backend: {seeds: [\"n:1\"]}}]");
}

#define FILES "certificate: FOLDER/server.pem, key: FOLDER/server.key"

Test(tls_options, are_good_together)
{
    static const char *const rows[] = {
        "listen: \"h:1\", " FILES,
        "listen: \"h:1\", " FILES ", protocols: TLSv1.3",
        "listen: \"h:1\", " FILES ", client_certificates: no, client_user: off",
        "listen: \"h:1\", " FILES ", client_certificates: false, client_user: false",
        "listen: \"h:1\", " FILES ", protocols: \"tlsv1.2 TLSv1.3\"",
        "listen: \"h:1\", " FILES ", client_certificates: optional, ca_file: FOLDER/ca.pem",
        "listen: \"h:1\", " FILES ", client_certificates: required, ca_folder: FOLDER, "
        "client_user: cn",
        "listen: \"h:1\", certificate: FOLDER/sealed.pem, key: FOLDER/sealed.key, "
        "key_password_file: FOLDER/password",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *yaml = yaml_of(rows[i]);
        struct config *config = fixture_good(yaml, NULL);
        struct tls_option_fault fault;
        struct tls_context *context = tls_options_context(&config->pools[0], &fault);

        cr_expect_not_null(context);
        tls_context_release(&context);
        config_free(&config);
        free(yaml);
    }
}

static const struct row {
    const char *behaviour;
    const char *tls;
    const char *option;
    const char *error;
} rows[] = {
    {"no certificate", "listen: \"h:1\"", "'tls.listen' needs a certificate",
     "a file in 'tls.certificate'"},
    {"a file that is not there", "listen: \"h:1\", certificate: FOLDER/none.pem",
     "/none.pem' cannot be read: No such file or directory",
     "a readable PEM file with a certificate that is valid now"},
    {"an old certificate", "listen: \"h:1\", certificate: FOLDER/old.pem, key: FOLDER/old.key",
     "/old.pem' has expired at 20", "a readable PEM file with a certificate that is valid now"},
    {"another key", "listen: \"h:1\", certificate: FOLDER/server.pem, key: FOLDER/client.key",
     "wrong 'tls.key', '", "a readable PEM file with the private key of the certificate"},
    {"a key without its password",
     "listen: \"h:1\", certificate: FOLDER/sealed.pem, key: FOLDER/sealed.key",
     "has an encrypted key, and no password for it is given",
     "a readable PEM file with the private key of the certificate"},
    {"no password in its file",
     "listen: \"h:1\", certificate: FOLDER/sealed.pem, key: FOLDER/sealed.key, "
     "key_password_file: FOLDER/empty",
     "/empty' its first line is empty", "a readable file with the password in its first line"},
    {"authorities that are none", "listen: \"h:1\", " FILES ", ca_file: FOLDER/server.key",
     "wrong 'tls.ca_file', '", "a readable file with the certificates of authorities in PEM form"},
    {"a folder that is none", "listen: \"h:1\", " FILES ", ca_folder: FOLDER/ca.pem",
     "/ca.pem' is not a folder",
     "a readable folder with the certificates of authorities in PEM form"},
    {"an old version", "listen: \"h:1\", " FILES ", protocols: \"TLSv1.1 TLSv1.2\"",
     "wrong 'tls.protocols', 'TLSv1.1 TLSv1.2' is no list of versions",
     "TLSv1.2, TLSv1.3 or both with a blank between them"},
    {"no version", "listen: \"h:1\", " FILES ", protocols: \" \"", "wrong 'tls.protocols', ' '",
     "TLSv1.2, TLSv1.3 or both with a blank between them"},
    {"unknown ciphers", "listen: \"h:1\", " FILES ", ciphers: X",
     "wrong 'tls.ciphers', 'X' names no cipher that OpenSSL has", "a list as for openssl ciphers"},
    {"unknown suites", "listen: \"h:1\", " FILES ", ciphersuites: X",
     "wrong 'tls.ciphersuites', 'X' names a suite of TLS 1.3 that OpenSSL does not have",
     "names as TLS_AES_256_GCM_SHA384, with colons between them"},
    {"an unknown word for certificates", FILES ", client_certificates: maybe",
     "wrong 'tls.client_certificates', 'maybe' is unknown", "no, optional or required"},
    {"an unknown word for users", FILES ", client_user: yes",
     "wrong 'tls.client_user', 'yes' is unknown", "off or cn"},
    {"no authorities", FILES ", client_certificates: required",
     "wrong 'tls.client_certificates', 'required' needs authorities",
     "a file in 'tls.ca_file' or a folder in 'tls.ca_folder'"},
    {"users without certificates", FILES ", client_user: cn",
     "wrong 'tls.client_user', 'cn' needs certificates of clients",
     "'tls.client_certificates' to be optional or required"},
    {"an address twice", "listen: [\"h:1\", \"h:1\"], " FILES,
     "duplicate address in 'tls.listen', 'h:1' as at f.yaml:1:", "one of its own"},
    {"an address with and without TLS", "listen: \"127.0.0.1:6380\", " FILES,
     "duplicate address in 'tls.listen', '127.0.0.1:6380' as at ", "one of its own"},
};

static const struct row admin_rows[] = {
    {"a file that is not there", "tls_certificate: FOLDER/none.pem",
     "/none.pem' cannot be read: No such file or directory",
     "PEM files with a certificate and its key"},
    {"another key", "tls_certificate: FOLDER/server.pem, tls_key: FOLDER/client.key",
     "wrong 'admin.tls_key', '", "PEM files with a certificate and its key"},
    {"no key", "tls_certificate: FOLDER/server.pem", "has no private key in PEM form",
     "PEM files with a certificate and its key"},
    {"a key alone", "tls_key: FOLDER/client.key", "/client.key' is of no certificate",
     "a file in 'admin.tls_certificate' as well"},
    {"no token", "token_file: FOLDER/empty", "/empty' its first line is empty",
     "a readable file with the token in its first line"},
};

static void expect_bad(const struct row *row, char *yaml)
{
    struct config *config = NULL;
    char *errors = fixture_load(yaml, NULL, &config);
    char *end = memory_print(", expected %s\n", row->error);
    size_t size = strlen(errors);

    cr_expect_null(config, "%s", row->behaviour);
    cr_expect_eq(strncmp(errors, "f.yaml:1:", 9), 0, "%s: %s", row->behaviour, errors);
    cr_expect_not_null(strstr(errors, row->option), "%s: %s", row->behaviour, errors);
    cr_expect(size > strlen(end) && strcmp(errors + size - strlen(end), end) == 0, "%s: %s",
              row->behaviour, errors);
    free(errors);
    free(yaml);
    free(end);
    config_free(&config);
}

Test(tls_options, say_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_bad(&rows[i], yaml_of(rows[i].tls));
    }
}

Test(tls_options, of_the_admin_port_say_so_too)
{
    char *yaml = yaml_of_admin("tls_certificate: FOLDER/server.pem, tls_key: FOLDER/server.key, "
                               "token_file: FOLDER/password");
    struct config *config = fixture_good(yaml, NULL);

    for (size_t i = 0; i < ARRAY_LEN(admin_rows); i++) {
        expect_bad(&admin_rows[i], yaml_of_admin(admin_rows[i].tls));
    }
    config_free(&config);
    free(yaml);
}
