#include "config/backend_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "config/password_file.h"

enum { KEY_PASSWORD_MAX = 512 };

static const char *const verify_words[] = {
    [BACKEND_VERIFY_FULL] = "full",
    [BACKEND_VERIFY_CA] = "ca",
    [BACKEND_VERIFY_NONE] = "none",
};

static bool refuse(struct tls_option_fault *fault, enum option_id option, const char *text,
                   const char *expected)
{
    fault->option = option;
    fault->expected = expected;
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return false;
}

static bool verify_parse(const char *text, enum backend_verify *verify)
{
    for (size_t i = 0; i < ARRAY_LEN(verify_words); i++) {
        if (strcasecmp(verify_words[i], text) == 0) {
            *verify = (enum backend_verify)i;
            return true;
        }
    }
    return false;
}

/* Who names a certificate and forgets the switch would speak plain text, and not know it. */
static bool check_switch(const struct pool_config *pool, struct tls_option_fault *fault)
{
    const struct {
        enum option_id option;
        const char *value;
    } options[] = {
        {OPTION_ID_backend_tls_ca_file, pool->backend_tls_ca_file},
        {OPTION_ID_backend_tls_ca_folder, pool->backend_tls_ca_folder},
        {OPTION_ID_backend_tls_certificate, pool->backend_tls_certificate},
        {OPTION_ID_backend_tls_server_name, pool->backend_tls_server_name},
    };

    for (size_t i = 0; i < ARRAY_LEN(options) && !pool->backend_tls; i++) {
        if (options[i].value != NULL) {
            return refuse(fault, options[i].option, "has no effect",
                          "'backend.tls: true' beside it");
        }
    }
    return true;
}

/* A Redis server speaks no TLS over its unix socket. */
static bool check_seeds(const struct pool_config *pool, struct tls_option_fault *fault)
{
    for (size_t i = 0; i < pool->seeds.count && pool->backend_tls; i++) {
        if (pool->seeds.items[i].kind == ADDRESS_UNIX) {
            return refuse(fault, OPTION_ID_seeds, "has a unix socket, where there is no TLS",
                          "hosts and ports, or 'backend.tls: false'");
        }
    }
    return true;
}

bool backend_tls_check(const struct pool_config *pool, struct tls_option_fault *fault)
{
    enum backend_verify verify;

    if (!verify_parse(pool->backend_tls_verify, &verify)) {
        return refuse(fault, OPTION_ID_backend_tls_verify, "is unknown", "full, ca or none");
    }
    if (tls_options_protocols(pool->backend_tls_protocols) == 0) {
        return refuse(fault, OPTION_ID_backend_tls_protocols, "is no list of versions",
                      "TLSv1.2, TLSv1.3 or both with a blank between them");
    }
    if (pool->backend_tls_key != NULL && pool->backend_tls_certificate == NULL) {
        return refuse(fault, OPTION_ID_backend_tls_key, "has no certificate",
                      "a file in 'backend.tls_certificate'");
    }
    return check_switch(pool, fault) && check_seeds(pool, fault);
}

enum backend_verify backend_tls_verify(const struct pool_config *pool)
{
    enum backend_verify verify = BACKEND_VERIFY_FULL;

    CHECK(verify_parse(pool->backend_tls_verify, &verify));
    return verify;
}

static struct tls_settings settings_of(const struct pool_config *pool, const char *password)
{
    bool is_any = backend_tls_verify(pool) == BACKEND_VERIFY_NONE;

    return (struct tls_settings){
        .kind = TLS_CLIENT,
        .verify = is_any ? TLS_VERIFY_NONE : TLS_VERIFY_REQUIRED,
        .protocols = tls_options_protocols(pool->backend_tls_protocols),
        .certificate = pool->backend_tls_certificate,
        .key = pool->backend_tls_key,
        .key_password = password,
        .ca_file = pool->backend_tls_ca_file,
        .ca_folder = pool->backend_tls_ca_folder,
        .ciphers = pool->backend_tls_ciphers,
        .cipher_suites = pool->backend_tls_ciphersuites,
    };
}

static enum option_id option_of(enum tls_setting setting)
{
    switch (setting) {
    case TLS_SETTING_CERTIFICATE: return OPTION_ID_backend_tls_certificate;
    case TLS_SETTING_KEY: return OPTION_ID_backend_tls_key;
    case TLS_SETTING_CA_FILE: return OPTION_ID_backend_tls_ca_file;
    case TLS_SETTING_CA_FOLDER: return OPTION_ID_backend_tls_ca_folder;
    case TLS_SETTING_CIPHERS: return OPTION_ID_backend_tls_ciphers;
    case TLS_SETTING_CIPHER_SUITES: return OPTION_ID_backend_tls_ciphersuites;
    }
    CHECK(false);
    return OPTION_ID_backend_tls;
}

/* *password stays NULL when there is none to be read. */
static bool read_password(const struct pool_config *pool, char **password,
                          struct tls_option_fault *fault)
{
    char *problem = NULL;

    if (pool->backend_tls_key_password_file == NULL) {
        return true;
    }
    *password = password_file_read(pool->backend_tls_key_password_file, KEY_PASSWORD_MAX, &problem);
    if (*password == NULL) {
        refuse(fault, OPTION_ID_backend_tls_key_password_file, problem,
               "a readable file with the password in its first line");
        free(problem);
        return false;
    }
    return true;
}

struct tls_context *backend_tls_context(const struct pool_config *pool,
                                        struct tls_option_fault *fault)
{
    char *password = NULL;
    struct tls_fault found;

    if (!read_password(pool, &password, fault)) {
        return NULL;
    }

    struct tls_settings settings = settings_of(pool, password);
    struct tls_context *context = tls_context_new(&settings, &found);

    if (context == NULL) {
        refuse(fault, option_of(found.setting), found.text, tls_options_expected(found.setting));
    }
    if (password != NULL) {
        explicit_bzero(password, strlen(password));
        free(password);
    }
    return context;
}
