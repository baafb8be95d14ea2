#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"
#include "common/tls_parts.h"

bool tls_refuse(struct tls_fault *fault, enum tls_setting setting, const char *format, ...)
{
    va_list arguments;

    fault->setting = setting;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    return false;
}

const char *tls_openssl_words(void)
{
    const char *words = ERR_reason_error_string(ERR_peek_last_error());

    return words == NULL ? "OpenSSL does not say why" : words;
}

/* Did the last try to read PEM only find that there is nothing of the kind? */
static bool is_end_of_pem(void)
{
    unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* NULL, with errno: also for a folder, which fopen would take. */
static BIO *open_file(const char *path)
{
    struct stat status;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return NULL;
    }
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(file);
        errno = EISDIR;
        return NULL;
    }

    BIO *bio = BIO_new_fp(file, BIO_CLOSE);

    CHECK(bio != NULL);
    return bio;
}

static bool is_refused_unreadable(struct tls_fault *fault, enum tls_setting setting)
{
    return tls_refuse(fault, setting, "cannot be read: %s", strerror(errno));
}

/* Certificates are not encrypted: whoever asks for a password gets none. */
static int no_password(char *to UNUSED, int room UNUSED, int writing UNUSED, void *context UNUSED)
{
    return -1;
}

static bool read_certificates(BIO *bio, STACK_OF(X509) * all, enum tls_setting setting,
                              struct tls_fault *fault)
{
    X509 *certificate;

    ERR_clear_error();
    while ((certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
        CHECK(sk_X509_push(all, certificate) > 0);
    }
    if (!is_end_of_pem()) {
        return tls_refuse(fault, setting, "has a damaged certificate: %s", tls_openssl_words());
    }
    if (sk_X509_num(all) == 0) {
        return tls_refuse(fault, setting, "has no certificate in PEM form");
    }
    return true;
}

/* All certificates of a file, in its order; NULL when there is none, or a bad one. */
static STACK_OF(X509) *
    load_certificates(const char *path, enum tls_setting setting, struct tls_fault *fault)
{
    BIO *bio = open_file(path);

    if (bio == NULL) {
        is_refused_unreadable(fault, setting);
        return NULL;
    }

    STACK_OF(X509) *all = sk_X509_new_null();

    CHECK(all != NULL);
    if (!read_certificates(bio, all, setting, fault)) {
        sk_X509_pop_free(all, X509_free);
        all = NULL;
    }
    BIO_free(bio);
    return all;
}

static void print_time(const ASN1_TIME *time, char *to, size_t size)
{
    struct tm calendar;

    CHECK(size > 0);
    to[0] = '\0';
    if (ASN1_TIME_to_tm(time, &calendar) == 1) {
        strftime(to, size, "%Y-%m-%d %H:%M:%S UTC", &calendar);
    }
}

int64_t tls_certificate_expires(const X509 *certificate)
{
    struct tm calendar;

    return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &calendar) == 1 ? timegm(&calendar) : 0;
}

static bool is_valid_now(const X509 *certificate, struct tls_fault *fault)
{
    const ASN1_TIME *begin = X509_get0_notBefore(certificate);
    const ASN1_TIME *end = X509_get0_notAfter(certificate);
    char text[32];

    if (X509_cmp_current_time(begin) > 0) {
        print_time(begin, text, sizeof text);
        return tls_refuse(fault, TLS_SETTING_CERTIFICATE, "is not valid before %s", text);
    }
    if (X509_cmp_current_time(end) < 0) {
        print_time(end, text, sizeof text);
        return tls_refuse(fault, TLS_SETTING_CERTIFICATE, "has expired at %s", text);
    }
    return true;
}

struct asked {
    const char *password;
    bool was_asked;
};

static int give_password(char *to, int room, int writing UNUSED, void *context)
{
    struct asked *asked = context;
    size_t size = asked->password == NULL ? 0 : strlen(asked->password);

    asked->was_asked = true;
    if (asked->password == NULL || size > (size_t)room) {
        return -1;
    }
    memcpy(to, asked->password, size);
    return (int)size;
}

/* Is there a key in the file, be it a damaged one? Reading a key does not tell. */
static bool has_key(BIO *bio)
{
    char *name = NULL;
    char *header = NULL;
    unsigned char *bytes = NULL;
    long size;
    bool is_found = false;

    (void)BIO_seek(bio, 0);
    ERR_clear_error();
    while (!is_found && PEM_read_bio(bio, &name, &header, &bytes, &size) == 1) {
        is_found = strstr(name, "PRIVATE KEY") != NULL;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(bytes, (size_t)size);
    }
    return is_found || !is_end_of_pem();
}

static void refuse_key(BIO *bio, const struct asked *asked, enum tls_setting setting,
                       struct tls_fault *fault)
{
    const char *words = tls_openssl_words();

    if (!has_key(bio)) {
        tls_refuse(fault, setting, "has no private key in PEM form");
    } else if (asked->was_asked && asked->password == NULL) {
        tls_refuse(fault, setting, "has an encrypted key, and no password for it is given");
    } else if (asked->was_asked) {
        tls_refuse(fault, setting, "has an encrypted key, and the password is not the one for it");
    } else {
        tls_refuse(fault, setting, "has a damaged key: %s", words);
    }
}

static EVP_PKEY *load_key(const struct tls_settings *settings, enum tls_setting setting,
                          struct tls_fault *fault)
{
    const char *path = settings->key != NULL ? settings->key : settings->certificate;
    struct asked asked = {.password = settings->key_password};
    BIO *bio = open_file(path);

    if (bio == NULL) {
        is_refused_unreadable(fault, setting);
        return NULL;
    }
    ERR_clear_error();

    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_password, &asked);

    if (key == NULL) {
        refuse_key(bio, &asked, setting, fault);
    }
    BIO_free(bio);
    return key;
}

/* The first is the certificate itself, the others lead to an authority. */
static bool use_chain(struct tls_context *context, STACK_OF(X509) * chain, struct tls_fault *fault)
{
    X509 *certificate = sk_X509_value(chain, 0);

    if (!is_valid_now(certificate, fault)) {
        return false;
    }
    ERR_clear_error();
    if (SSL_CTX_use_certificate(context->openssl, certificate) != 1) {
        return tls_refuse(fault, TLS_SETTING_CERTIFICATE, "is refused: %s", tls_openssl_words());
    }
    for (int i = 1; i < sk_X509_num(chain); i++) {
        if (SSL_CTX_add1_chain_cert(context->openssl, sk_X509_value(chain, i)) != 1) {
            return tls_refuse(fault, TLS_SETTING_CERTIFICATE,
                              "has a certificate that is refused: %s", tls_openssl_words());
        }
    }
    context->expires = tls_certificate_expires(certificate);
    return true;
}

static bool use_key(struct tls_context *context, const struct tls_settings *settings,
                    X509 *certificate, struct tls_fault *fault)
{
    enum tls_setting setting = settings->key != NULL ? TLS_SETTING_KEY : TLS_SETTING_CERTIFICATE;
    EVP_PKEY *key = load_key(settings, setting, fault);
    bool is_used = true;

    if (key == NULL) {
        return false;
    }
    ERR_clear_error();
    if (X509_check_private_key(certificate, key) != 1) {
        is_used = tls_refuse(fault, setting, "has a key that does not belong to the certificate");
    } else if (SSL_CTX_use_PrivateKey(context->openssl, key) != 1) {
        is_used = tls_refuse(fault, setting, "has a key that is refused: %s", tls_openssl_words());
    }
    EVP_PKEY_free(key);
    return is_used;
}

bool tls_load_identity(struct tls_context *context, const struct tls_settings *settings,
                       struct tls_fault *fault)
{
    if (settings->certificate == NULL) {
        return true;
    }

    STACK_OF(X509) *chain =
        load_certificates(settings->certificate, TLS_SETTING_CERTIFICATE, fault);

    if (chain == NULL) {
        return false;
    }

    bool is_loaded = use_chain(context, chain, fault) &&
                     use_key(context, settings, sk_X509_value(chain, 0), fault);

    sk_X509_pop_free(chain, X509_free);
    return is_loaded;
}

/* A server names the authorities that it knows, so that a client can choose a certificate; not when
 * it knows more than these. */
static bool load_ca_file(struct tls_context *context, const struct tls_settings *settings,
                         struct tls_fault *fault)
{
    STACK_OF(X509) *all = load_certificates(settings->ca_file, TLS_SETTING_CA_FILE, fault);
    X509_STORE *store = SSL_CTX_get_cert_store(context->openssl);
    bool is_named = context->kind == TLS_SERVER && settings->ca_folder == NULL;

    if (all == NULL) {
        return false;
    }
    for (int i = 0; i < sk_X509_num(all); i++) {
        CHECK(X509_STORE_add_cert(store, sk_X509_value(all, i)) == 1);
        CHECK(!is_named || SSL_CTX_add_client_CA(context->openssl, sk_X509_value(all, i)) == 1);
    }
    sk_X509_pop_free(all, X509_free);
    return true;
}

static bool load_ca_folder(struct tls_context *context, const char *path, struct tls_fault *fault)
{
    struct stat status;

    if (stat(path, &status) != 0 || (S_ISDIR(status.st_mode) && access(path, R_OK | X_OK) != 0)) {
        return is_refused_unreadable(fault, TLS_SETTING_CA_FOLDER);
    }
    if (!S_ISDIR(status.st_mode)) {
        return tls_refuse(fault, TLS_SETTING_CA_FOLDER, "is not a folder");
    }
    CHECK(SSL_CTX_load_verify_dir(context->openssl, path) == 1);
    return true;
}

bool tls_load_authorities(struct tls_context *context, const struct tls_settings *settings,
                          struct tls_fault *fault)
{
    if (settings->ca_file != NULL && !load_ca_file(context, settings, fault)) {
        return false;
    }
    if (settings->ca_folder != NULL && !load_ca_folder(context, settings->ca_folder, fault)) {
        return false;
    }
    if (settings->ca_file == NULL && settings->ca_folder == NULL && context->kind == TLS_CLIENT &&
        context->verify != TLS_VERIFY_NONE) {
        CHECK(SSL_CTX_set_default_verify_paths(context->openssl) == 1);
    }
    return true;
}
