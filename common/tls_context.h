/* tls_context.h - what all TLS connections of one listener, or to one cluster, have in common:
 * certificate, key, authorities, versions, ciphers.
 *
 * Immutable, so any thread may use it; counted, so that new files make a new context for new
 * connections while old ones live on with theirs. The last tls_context_release frees it.
 */
#ifndef COMMON_TLS_CONTEXT_H
#define COMMON_TLS_CONTEXT_H

#include "common/base.h"

struct tls_context;

enum tls_kind { TLS_SERVER, TLS_CLIENT };

/* What is asked of the peer's certificate. */
enum tls_verify {
    TLS_VERIFY_NONE,     /* a server asks for none; a client believes any */
    TLS_VERIFY_OPTIONAL, /* servers only: if there is one, it must be good */
    TLS_VERIFY_REQUIRED,
};

/* A bit for each version. */
enum {
    TLS_PROTOCOL_1_2 = 1 << 0,
    TLS_PROTOCOL_1_3 = 1 << 1,
    TLS_PROTOCOLS_ALL = TLS_PROTOCOL_1_2 | TLS_PROTOCOL_1_3,
};

/* File names, and lists in OpenSSL's own syntax. All but `certificate` of a server may be NULL. */
struct tls_settings {
    enum tls_kind kind;
    enum tls_verify verify;
    unsigned protocols;        /* 0 is all of them */
    const char *certificate;   /* PEM: the certificate, then those that lead to an authority */
    const char *key;           /* PEM; NULL: it is in the file of the certificate */
    const char *key_password;  /* of an encrypted key */
    const char *ca_file;       /* PEM: authorities */
    const char *ca_folder;     /* the same, a file each, named by openssl rehash */
    const char *ciphers;       /* of TLS 1.2 */
    const char *cipher_suites; /* of TLS 1.3 */
};

/* Which of the settings is at fault. */
enum tls_setting {
    TLS_SETTING_CERTIFICATE,
    TLS_SETTING_KEY,
    TLS_SETTING_CA_FILE,
    TLS_SETTING_CA_FOLDER,
    TLS_SETTING_CIPHERS,
    TLS_SETTING_CIPHER_SUITES,
};

/* "cannot be read: Permission denied", "is not PEM", …: what is wrong with the value of `setting`.
 */
struct tls_fault {
    enum tls_setting setting;
    char text[160];
};

/* Reads the files. A client that verifies without ca_file and ca_folder believes the authorities of
 * the system. NULL when something is wrong; then *fault says what. */
struct tls_context *tls_context_new(const struct tls_settings *settings,
                                    struct tls_fault *fault) MUST_USE;

/* The value of that setting: the name of the file, or the list. */
const char *tls_setting_value(const struct tls_settings *settings, enum tls_setting setting);

/* One reference more. Any thread. */
struct tls_context *tls_context_take(struct tls_context *context);

/* Any thread. Takes the pointer, which may be NULL. */
void tls_context_release(struct tls_context **context);

/* When its own certificate stops being valid, in seconds since 1970; 0: it has none. */
int64_t tls_context_expires(const struct tls_context *context);

#endif
