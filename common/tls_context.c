#include "common/tls_context.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "common/tls_parts.h"

static _Atomic uint64_t last_id;

const char *tls_setting_value(const struct tls_settings *settings, enum tls_setting setting)
{
    switch (setting) {
    case TLS_SETTING_CERTIFICATE: return settings->certificate;
    case TLS_SETTING_KEY: return settings->key;
    case TLS_SETTING_CA_FILE: return settings->ca_file;
    case TLS_SETTING_CA_FOLDER: return settings->ca_folder;
    case TLS_SETTING_CIPHERS: return settings->ciphers;
    case TLS_SETTING_CIPHER_SUITES: return settings->cipher_suites;
    }
    return NULL;
}

static void set_versions(SSL_CTX *openssl, unsigned protocols)
{
    unsigned wanted = protocols == 0 ? TLS_PROTOCOLS_ALL : protocols;
    int least = (wanted & TLS_PROTOCOL_1_2) != 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    int most = (wanted & TLS_PROTOCOL_1_3) != 0 ? TLS1_3_VERSION : TLS1_2_VERSION;

    CHECK(SSL_CTX_set_min_proto_version(openssl, least) == 1);
    CHECK(SSL_CTX_set_max_proto_version(openssl, most) == 1);
}

static bool set_ciphers(SSL_CTX *openssl, const struct tls_settings *settings,
                        struct tls_fault *fault)
{
    if (settings->ciphers != NULL && SSL_CTX_set_cipher_list(openssl, settings->ciphers) != 1) {
        return tls_refuse(fault, TLS_SETTING_CIPHERS, "names no cipher that OpenSSL has");
    }
    if (settings->cipher_suites != NULL &&
        SSL_CTX_set_ciphersuites(openssl, settings->cipher_suites) != 1) {
        return tls_refuse(fault, TLS_SETTING_CIPHER_SUITES,
                          "names a suite of TLS 1.3 that OpenSSL does not have");
    }
    return true;
}

static int verify_mode(const struct tls_context *context)
{
    switch (context->verify) {
    case TLS_VERIFY_NONE: return SSL_VERIFY_NONE;
    case TLS_VERIFY_OPTIONAL: return SSL_VERIFY_PEER;
    case TLS_VERIFY_REQUIRED: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

/* A server's memory of sessions is in the tickets that clients keep, sealed with a key that only
 * this context has: nothing is stored, and a new context believes none of them. */
static void set_memory(SSL_CTX *openssl, enum tls_kind kind)
{
    static const unsigned char name[] = "slotway";

    if (kind == TLS_SERVER) {
        SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_OFF);
        CHECK(SSL_CTX_set_session_id_context(openssl, name, sizeof name - 1) == 1);
        return;
    }
    SSL_CTX_set_session_cache_mode(openssl,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(openssl, tls_on_new_session);
}

/* What a file of the system may switch on for all programs is not asked for: with TLS by the kernel
 * nobody could tell which records have left.
 *
 * Read-ahead: a record costs one system call and not one for its head and one for its body.
 * RESP says itself where a message ends, so an end without close_notify hides nothing. */
static void set_manners(SSL_CTX *openssl)
{
    SSL_CTX_set_mode(openssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(openssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_clear_options(openssl, SSL_OP_ENABLE_KTLS);
    SSL_CTX_set_read_ahead(openssl, 1);
    CHECK(SSL_CTX_set_dh_auto(openssl, 1) == 1);
}

static bool context_load(struct tls_context *context, const struct tls_settings *settings,
                         struct tls_fault *fault)
{
    set_manners(context->openssl);
    set_versions(context->openssl, settings->protocols);
    set_memory(context->openssl, settings->kind);
    SSL_CTX_set_verify(context->openssl, verify_mode(context), NULL);
    return set_ciphers(context->openssl, settings, fault) &&
           tls_load_identity(context, settings, fault) &&
           tls_load_authorities(context, settings, fault);
}

struct tls_context *tls_context_new(const struct tls_settings *settings, struct tls_fault *fault)
{
    bool is_server = settings->kind == TLS_SERVER;
    struct tls_context *context = memory_new(1, sizeof *context);

    CHECK(!is_server || settings->certificate != NULL);
    CHECK(is_server || settings->verify != TLS_VERIFY_OPTIONAL);
    atomic_init(&context->references, 1);
    context->id = atomic_fetch_add(&last_id, 1) + 1;
    context->kind = settings->kind;
    context->verify = settings->verify;
    context->openssl = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    CHECK(context->openssl != NULL);
    if (!context_load(context, settings, fault)) {
        tls_context_release(&context);
    }
    ERR_clear_error();
    return context;
}

struct tls_context *tls_context_take(struct tls_context *context)
{
    CHECK(atomic_fetch_add(&context->references, 1) > 0);
    return context;
}

void tls_context_release(struct tls_context **context)
{
    struct tls_context *gone = *context;

    *context = NULL;
    if (gone != NULL && atomic_fetch_sub(&gone->references, 1) == 1) {
        SSL_CTX_free(gone->openssl);
        free(gone);
    }
}

int64_t tls_context_expires(const struct tls_context *context)
{
    return context->expires;
}
