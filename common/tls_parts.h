/* tls_parts.h - what tls*.c have in common; nobody else includes it. */
#ifndef COMMON_TLS_PARTS_H
#define COMMON_TLS_PARTS_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "common/tls_context.h"

struct tls_context {
    _Atomic uint32_t references;
    uint64_t id; /* unique in the process: an address may be used again */
    enum tls_kind kind;
    enum tls_verify verify;
    int64_t expires;
    SSL_CTX *openssl;
};

/* Says what is wrong with the value of `setting`; returns false. */
bool tls_refuse(struct tls_fault *fault, enum tls_setting setting, const char *format, ...)
    PRINTF(3, 4);

/* OpenSSL's own words for what just failed. */
const char *tls_openssl_words(void);

/* The end of what a certificate holds good for, in seconds since 1970. */
int64_t tls_certificate_expires(const X509 *certificate);

/* Puts certificate and key into the context. They must be valid now, and belong together. */
bool tls_load_identity(struct tls_context *context, const struct tls_settings *settings,
                       struct tls_fault *fault) MUST_USE;

/* Puts the authorities into the context. */
bool tls_load_authorities(struct tls_context *context, const struct tls_settings *settings,
                          struct tls_fault *fault) MUST_USE;

/* What one call may make OpenSSL do, which reads on for as long as it finds records, be there bytes
 * for us in them or not: tls_share.c. All zero where the call begins. */
struct tls_share {
    size_t taken;       /* bytes from the socket */
    size_t key_changes; /* of the peer's, among them */
};

/* OpenSSL is told that there is no more yet, when the share is taken. As it has nothing left then
 * that could be read, the kernel tells of the rest. Borrows `share` for as long as it lives. */
void tls_share_watch(struct tls_share *share, SSL *openssl);

/* Does the peer do nothing but change its keys? */
bool tls_share_has_flood(const struct tls_share *share);

/* What a new connection remembers is kept by this: tls.c. */
int tls_on_new_session(SSL *openssl, SSL_SESSION *session);

#endif
