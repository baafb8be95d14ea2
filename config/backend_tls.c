#include "config/backend_tls.h"

#include <string.h>

#include "common/check.h"

static const char *const verify_words[] = {
    [BACKEND_VERIFY_FULL] = "full",
    [BACKEND_VERIFY_CA] = "ca",
    [BACKEND_VERIFY_NONE] = "none",
};

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
            return tls_side_refuse(fault, options[i].option, "has no effect",
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
            return tls_side_refuse(fault, OPTION_ID_seeds,
                                   "has a unix socket, where there is no TLS",
                                   "hosts and ports, or 'backend.tls: false'");
        }
    }
    return true;
}

bool backend_tls_check(const struct pool_config *pool, struct tls_option_fault *fault)
{
    enum backend_verify verify;

    if (!verify_parse(pool->backend_tls_verify, &verify)) {
        return tls_side_refuse(fault, OPTION_ID_backend_tls_verify, "is unknown",
                               "full, ca or none");
    }
    if (tls_options_protocols(pool->backend_tls_protocols) == 0) {
        return tls_side_refuse(fault, OPTION_ID_backend_tls_protocols, "is no list of versions",
                               "TLSv1.2, TLSv1.3 or both with a blank between them");
    }
    if (pool->backend_tls_key != NULL && pool->backend_tls_certificate == NULL) {
        return tls_side_refuse(fault, OPTION_ID_backend_tls_key, "has no certificate",
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

static struct tls_settings settings_of(const struct pool_config *pool)
{
    bool is_any = backend_tls_verify(pool) == BACKEND_VERIFY_NONE;

    return (struct tls_settings){
        .kind = TLS_CLIENT,
        .verify = is_any ? TLS_VERIFY_NONE : TLS_VERIFY_REQUIRED,
        .protocols = tls_options_protocols(pool->backend_tls_protocols),
        .certificate = pool->backend_tls_certificate,
        .key = pool->backend_tls_key,
        .ca_file = pool->backend_tls_ca_file,
        .ca_folder = pool->backend_tls_ca_folder,
        .ciphers = pool->backend_tls_ciphers,
        .cipher_suites = pool->backend_tls_ciphersuites,
    };
}

struct tls_context *backend_tls_context(const struct pool_config *pool,
                                        struct tls_option_fault *fault)
{
    static const enum option_id options[] = {
        [TLS_SETTING_CERTIFICATE] = OPTION_ID_backend_tls_certificate,
        [TLS_SETTING_KEY] = OPTION_ID_backend_tls_key,
        [TLS_SETTING_CA_FILE] = OPTION_ID_backend_tls_ca_file,
        [TLS_SETTING_CA_FOLDER] = OPTION_ID_backend_tls_ca_folder,
        [TLS_SETTING_CIPHERS] = OPTION_ID_backend_tls_ciphers,
        [TLS_SETTING_CIPHER_SUITES] = OPTION_ID_backend_tls_ciphersuites,
    };
    const struct tls_side side = {
        .settings = settings_of(pool),
        .options = options,
        .password_file = pool->backend_tls_key_password_file,
        .password_option = OPTION_ID_backend_tls_key_password_file,
    };

    return tls_side_context(&side, fault);
}
