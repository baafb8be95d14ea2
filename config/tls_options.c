#include "config/tls_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/span.h"
#include "config/password_file.h"

#define EXPECTED_CERTIFICATE "a readable PEM file with a certificate that is valid now"
#define EXPECTED_KEY         "a readable PEM file with the private key of the certificate"
#define EXPECTED_AUTHORITIES "the certificates of authorities in PEM form"

enum { KEY_PASSWORD_MAX = 512 };

static const struct word {
    const char *text;
    unsigned value;
} protocol_words[] = {{"TLSv1.2", TLS_PROTOCOL_1_2}, {"TLSv1.3", TLS_PROTOCOL_1_3}},
  verify_words[] = {{"no", TLS_VERIFY_NONE},
                    {"optional", TLS_VERIFY_OPTIONAL},
                    {"required", TLS_VERIFY_REQUIRED}},
  user_words[] = {{"off", false}, {"cn", true}};

static const struct word *word_find(const struct word *words, size_t count, struct span text)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal_nocase(span_of(words[i].text), text)) {
            return &words[i];
        }
    }
    return NULL;
}

static const struct word *verify_of(const struct pool_config *pool)
{
    return word_find(verify_words, ARRAY_LEN(verify_words), span_of(pool->tls_client_certificates));
}

static const struct word *user_of(const struct pool_config *pool)
{
    return word_find(user_words, ARRAY_LEN(user_words), span_of(pool->tls_client_user));
}

/* The next word of a text with blanks between them; empty at its end. */
static struct span next_word(const char **at)
{
    const char *begin = *at + strspn(*at, " ");
    size_t size = strcspn(begin, " ");

    *at = begin + size;
    return (struct span){begin, size};
}

unsigned tls_options_protocols(const char *text)
{
    unsigned protocols = 0;
    struct span word;

    while ((word = next_word(&text)).size > 0) {
        const struct word *found = word_find(protocol_words, ARRAY_LEN(protocol_words), word);

        if (found == NULL) {
            return 0;
        }
        protocols |= found->value;
    }
    return protocols;
}

static bool refuse(struct tls_option_fault *fault, enum option_id option, const char *text,
                   const char *expected)
{
    fault->option = option;
    fault->expected = expected;
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return false;
}

static bool check_words(const struct pool_config *pool, struct tls_option_fault *fault)
{
    if (tls_options_protocols(pool->tls_protocols) == 0) {
        return refuse(fault, OPTION_ID_tls_protocols, "is no list of versions",
                      "TLSv1.2, TLSv1.3 or both with a blank between them");
    }
    if (verify_of(pool) == NULL) {
        return refuse(fault, OPTION_ID_tls_client_certificates, "is unknown",
                      "no, optional or required");
    }
    if (user_of(pool) == NULL) {
        return refuse(fault, OPTION_ID_tls_client_user, "is unknown", "off or cn");
    }
    return true;
}

bool tls_options_check(const struct pool_config *pool, struct tls_option_fault *fault)
{
    if (!check_words(pool, fault)) {
        return false;
    }

    bool is_asked = verify_of(pool)->value != TLS_VERIFY_NONE;

    if (pool->tls_listen.count > 0 && pool->tls_certificate == NULL) {
        return refuse(fault, OPTION_ID_tls_listen, "needs a certificate",
                      "a file in 'tls.certificate'");
    }
    if (is_asked && pool->tls_ca_file == NULL && pool->tls_ca_folder == NULL) {
        return refuse(fault, OPTION_ID_tls_client_certificates, "needs authorities",
                      "a file in 'tls.ca_file' or a folder in 'tls.ca_folder'");
    }
    if (!is_asked && tls_options_log_in(pool)) {
        return refuse(fault, OPTION_ID_tls_client_user, "needs certificates of clients",
                      "'tls.client_certificates' to be optional or required");
    }
    return true;
}

bool tls_options_log_in(const struct pool_config *pool)
{
    const struct word *word = user_of(pool);

    return word != NULL && word->value;
}

const char *tls_options_expected(enum tls_setting setting)
{
    switch (setting) {
    case TLS_SETTING_CERTIFICATE: return EXPECTED_CERTIFICATE;
    case TLS_SETTING_KEY: return EXPECTED_KEY;
    case TLS_SETTING_CA_FILE: return "a readable file with " EXPECTED_AUTHORITIES;
    case TLS_SETTING_CA_FOLDER: return "a readable folder with " EXPECTED_AUTHORITIES;
    case TLS_SETTING_CIPHERS: return "a list as for openssl ciphers";
    case TLS_SETTING_CIPHER_SUITES:
        return "names as TLS_AES_256_GCM_SHA384, with colons between them";
    }
    CHECK(false);
    return NULL;
}

/* What a fault of the context means as an option. */
static void refuse_setting(const struct pool_config *pool, const struct tls_fault *from,
                           struct tls_option_fault *fault)
{
    static const enum option_id options[] = {
        [TLS_SETTING_CERTIFICATE] = OPTION_ID_tls_certificate,
        [TLS_SETTING_KEY] = OPTION_ID_tls_key,
        [TLS_SETTING_CA_FILE] = OPTION_ID_tls_ca_file,
        [TLS_SETTING_CA_FOLDER] = OPTION_ID_tls_ca_folder,
        [TLS_SETTING_CIPHERS] = OPTION_ID_tls_ciphers,
        [TLS_SETTING_CIPHER_SUITES] = OPTION_ID_tls_ciphersuites,
    };

    CHECK(pool->tls_certificate != NULL);
    refuse(fault, options[from->setting], from->text, tls_options_expected(from->setting));
}

static struct tls_settings settings_of(const struct pool_config *pool)
{
    return (struct tls_settings){
        .kind = TLS_SERVER,
        .verify = (enum tls_verify)verify_of(pool)->value,
        .protocols = tls_options_protocols(pool->tls_protocols),
        .certificate = pool->tls_certificate,
        .key = pool->tls_key,
        .ca_file = pool->tls_ca_file,
        .ca_folder = pool->tls_ca_folder,
        .ciphers = pool->tls_ciphers,
        .cipher_suites = pool->tls_ciphersuites,
    };
}

/* *password stays NULL when there is none to be read. */
static bool read_password(const struct pool_config *pool, char **password,
                          struct tls_option_fault *fault)
{
    char *problem = NULL;

    if (pool->tls_key_password_file == NULL) {
        return true;
    }
    *password = password_file_read(pool->tls_key_password_file, KEY_PASSWORD_MAX, &problem);
    if (*password == NULL) {
        refuse(fault, OPTION_ID_tls_key_password_file, problem,
               "a readable file with the password in its first line");
        free(problem);
        return false;
    }
    return true;
}

struct tls_context *tls_options_context(const struct pool_config *pool,
                                        struct tls_option_fault *fault)
{
    struct tls_settings settings = settings_of(pool);
    struct tls_fault found;
    char *password = NULL;

    if (!read_password(pool, &password, fault)) {
        return NULL;
    }
    settings.key_password = password;

    struct tls_context *context = tls_context_new(&settings, &found);

    if (context == NULL) {
        refuse_setting(pool, &found, fault);
    }
    if (password != NULL) {
        explicit_bzero(password, strlen(password));
        free(password);
    }
    return context;
}
