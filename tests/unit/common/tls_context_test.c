#include "common/tls_context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/tls_parts.h"
#include "tests/support/pki.h"

static struct pki *pki;

static const char *path(const char *file)
{
    return file == NULL ? NULL : pki_path(pki, file);
}

static void make_bad_ones(void)
{
    pki_make(pki, "other", .issuer = "ca");
    pki_make(pki, "old", .issuer = "ca", .ends_in = -60);
    pki_make(pki, "early", .issuer = "ca", .begins_in = 600);
    pki_make(pki, "sealed", .issuer = "ca", .password = "secret");
    pki_make(pki, "both", .issuer = "ca", .has_key_in_certificate = true);
    pki_write(pki, "nonsense.pem", "nonsense\n");
    pki_write(pki, "empty.pem", "");
    pki_write(pki, "damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    pki_write(pki, "damaged.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
}

static void set_up(void)
{
    pki = pki_new();
    pki_make_usual(pki);
    make_bad_ones();
}

static void clean_up(void)
{
    pki_free(&pki);
}

TestSuite(tls_context, .init = set_up, .fini = clean_up, .timeout = 60);

static struct tls_settings server(const char *certificate, const char *key)
{
    return (struct tls_settings){
        .kind = TLS_SERVER, .certificate = path(certificate), .key = path(key)};
}

static void expect_good(struct tls_settings settings)
{
    struct tls_fault fault = {.text = ""};
    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_expect_not_null(context, "%s", fault.text);
    tls_context_release(&context);
    cr_expect_null(context);
}

static void expect_bad(struct tls_settings settings, enum tls_setting setting, const char *text)
{
    struct tls_fault fault = {.text = ""};
    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_assert_null(context, "'%s' was expected", text);
    cr_expect_eq(fault.setting, setting, "of '%s'", fault.text);
    cr_expect(strncmp(fault.text, text, strlen(text)) == 0, "'%s' where '%s' was expected",
              fault.text, text);
}

Test(tls_context, is_made_of_good_files)
{
    expect_good(server("server.pem", "server.key"));
    expect_good(server("both.pem", NULL));
    expect_good((struct tls_settings){.kind = TLS_CLIENT, .verify = TLS_VERIFY_REQUIRED});
    expect_good((struct tls_settings){.kind = TLS_CLIENT,
                                      .verify = TLS_VERIFY_REQUIRED,
                                      .ca_file = path("ca.pem"),
                                      .ca_folder = path(""),
                                      .certificate = path("client.pem"),
                                      .key = path("client.key")});
}

Test(tls_context, says_what_is_wrong_with_a_certificate)
{
    static const struct {
        const char *file;
        const char *text;
    } rows[] = {
        {"missing.pem", "cannot be read: No such file or directory"},
        {"", "cannot be read: Is a directory"},
        {"nonsense.pem", "has no certificate in PEM form"},
        {"empty.pem", "has no certificate in PEM form"},
        {"server.key", "has no certificate in PEM form"},
        {"damaged.pem", "has a damaged certificate: "},
        {"old.pem", "has expired at 20"},
        {"early.pem", "is not valid before 20"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_bad(server(rows[i].file, "server.key"), TLS_SETTING_CERTIFICATE, rows[i].text);
    }
}

Test(tls_context, says_what_is_wrong_with_a_key)
{
    static const struct {
        const char *file;
        const char *text;
    } rows[] = {
        {"missing.key", "cannot be read: No such file or directory"},
        {"nonsense.pem", "has no private key in PEM form"},
        {"server.pem", "has no private key in PEM form"},
        {"damaged.key", "has a damaged key: "},
        {"other.key", "has a key that does not belong to the certificate"},
        {"sealed.key", "has an encrypted key, and no password for it is given"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_bad(server("server.pem", rows[i].file), TLS_SETTING_KEY, rows[i].text);
    }
    expect_bad(server("server.pem", NULL), TLS_SETTING_CERTIFICATE,
               "has no private key in PEM form");
}

Test(tls_context, opens_an_encrypted_key_with_its_password_only)
{
    struct tls_settings settings = server("sealed.pem", "sealed.key");

    settings.key_password = "secret";
    expect_good(settings);
    settings.key_password = "another";
    expect_bad(settings, TLS_SETTING_KEY,
               "has an encrypted key, and the password is not the one for it");
}

static void expect_bad_file(const char *file, const char *text)
{
    struct tls_settings settings = server("server.pem", "server.key");

    settings.ca_file = path(file);
    expect_bad(settings, TLS_SETTING_CA_FILE, text);
}

static void expect_bad_folder(const char *folder, const char *text)
{
    struct tls_settings settings = server("server.pem", "server.key");

    settings.ca_folder = path(folder);
    expect_bad(settings, TLS_SETTING_CA_FOLDER, text);
}

Test(tls_context, says_what_is_wrong_with_authorities)
{
    expect_bad_file("missing.pem", "cannot be read: No such file or directory");
    expect_bad_file("server.key", "has no certificate in PEM form");
    expect_bad_folder("missing", "cannot be read: No such file or directory");
    expect_bad_folder("ca.pem", "is not a folder");
}

Test(tls_context, says_that_ciphers_are_unknown)
{
    struct tls_settings settings = server("server.pem", "server.key");

    settings.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
    settings.cipher_suites = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
    expect_good(settings);
    settings.ciphers = "NO-SUCH-CIPHER";
    expect_bad(settings, TLS_SETTING_CIPHERS, "names no cipher that OpenSSL has");
    settings.ciphers = NULL;
    settings.cipher_suites = "TLS_NO_SUCH_SUITE";
    expect_bad(settings, TLS_SETTING_CIPHER_SUITES,
               "names a suite of TLS 1.3 that OpenSSL does not have");
}

Test(tls_context, names_the_value_that_is_at_fault)
{
    struct tls_settings settings = {.certificate = "a",
                                    .key = "b",
                                    .ca_file = "c",
                                    .ca_folder = "d",
                                    .ciphers = "e",
                                    .cipher_suites = "f"};

    cr_expect_str_eq(tls_setting_value(&settings, TLS_SETTING_CERTIFICATE), "a");
    cr_expect_str_eq(tls_setting_value(&settings, TLS_SETTING_KEY), "b");
    cr_expect_str_eq(tls_setting_value(&settings, TLS_SETTING_CA_FILE), "c");
    cr_expect_str_eq(tls_setting_value(&settings, TLS_SETTING_CA_FOLDER), "d");
    cr_expect_str_eq(tls_setting_value(&settings, TLS_SETTING_CIPHERS), "e");
    cr_expect_str_eq(tls_setting_value(&settings, TLS_SETTING_CIPHER_SUITES), "f");
}

Test(tls_context, knows_when_its_certificate_expires)
{
    struct tls_settings settings = server("server.pem", "server.key");
    struct tls_fault fault;
    struct tls_context *context = tls_context_new(&settings, &fault);
    int64_t left = tls_context_expires(context) - (int64_t)time(NULL);

    cr_expect_gt(left, 12 * 3600);
    cr_expect_leq(left, 24 * 3600);
    tls_context_release(&context);
}

Test(tls_context, lives_until_its_last_reference_is_gone)
{
    struct tls_settings settings = server("server.pem", "server.key");
    struct tls_fault fault;
    struct tls_context *first = tls_context_new(&settings, &fault);
    struct tls_context *second = tls_context_take(first);

    tls_context_release(&first);
    cr_expect_null(first);
    cr_expect_gt(tls_context_expires(second), 0);
    tls_context_release(&second);
    tls_context_release(&second);
}

/* Records are then sealed by the kernel, which tells nobody what has left of one. OpenSSL reads its
 * file when it is first used, so no certificate may be made before. */
Test(tls_context_system, leaves_no_record_to_the_kernel_whatever_the_system_wants)
{
    struct tls_settings settings = {.kind = TLS_CLIENT, .verify = TLS_VERIFY_NONE};
    struct tls_fault fault;

    pki = pki_new();
    pki_write(pki, "openssl.cnf",
              "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n"
              "[tls]\nOptions = KTLS\n");
    setenv("OPENSSL_CONF", path("openssl.cnf"), 1);

    SSL_CTX *plain = SSL_CTX_new(TLS_method());
    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_assert((SSL_CTX_get_options(plain) & SSL_OP_ENABLE_KTLS) != 0, "the file was not read");
    cr_expect_eq(SSL_CTX_get_options(context->openssl) & SSL_OP_ENABLE_KTLS, 0);
    tls_context_release(&context);
    SSL_CTX_free(plain);
    pki_free(&pki);
}
