#include "config/tls_options.h"

#include <string.h>

#include "common/check.h"
#include "common/span.h"

/* Readers of an older YAML, as Helm's and Ansible's, make false of "no" and of "off". */
static const struct word {
    const char *text;
    unsigned value;
} protocol_words[] = {{"TLSv1.2", TLS_PROTOCOL_1_2}, {"TLSv1.3", TLS_PROTOCOL_1_3}},
  verify_words[] = {{"no", TLS_VERIFY_NONE},
                    {"false", TLS_VERIFY_NONE},
                    {"optional", TLS_VERIFY_OPTIONAL},
                    {"required", TLS_VERIFY_REQUIRED}},
  user_words[] = {{"off", false}, {"false", false}, {"cn", true}};

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

static bool check_words(const struct pool_config *pool, struct tls_option_fault *fault)
{
    if (tls_options_protocols(pool->tls_protocols) == 0) {
        return tls_side_refuse(fault, OPTION_ID_tls_protocols, "is no list of versions",
                               "TLSv1.2, TLSv1.3 or both with a blank between them");
    }
    if (verify_of(pool) == NULL) {
        return tls_side_refuse(fault, OPTION_ID_tls_client_certificates, "is unknown",
                               "no, optional or required");
    }
    if (user_of(pool) == NULL) {
        return tls_side_refuse(fault, OPTION_ID_tls_client_user, "is unknown", "off or cn");
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
        return tls_side_refuse(fault, OPTION_ID_tls_listen, "needs a certificate",
                               "a file in 'tls.certificate'");
    }
    if (is_asked && pool->tls_ca_file == NULL && pool->tls_ca_folder == NULL) {
        return tls_side_refuse(fault, OPTION_ID_tls_client_certificates, "needs authorities",
                               "a file in 'tls.ca_file' or a folder in 'tls.ca_folder'");
    }
    if (!is_asked && tls_options_log_in(pool)) {
        return tls_side_refuse(fault, OPTION_ID_tls_client_user, "needs certificates of clients",
                               "'tls.client_certificates' to be optional or required");
    }
    return true;
}

bool tls_options_log_in(const struct pool_config *pool)
{
    const struct word *word = user_of(pool);

    return word != NULL && word->value;
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

struct tls_context *tls_options_context(const struct pool_config *pool,
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
    const struct tls_side side = {
        .settings = settings_of(pool),
        .options = options,
        .password_file = pool->tls_key_password_file,
        .password_option = OPTION_ID_tls_key_password_file,
    };

    CHECK(pool->tls_certificate != NULL);
    return tls_side_context(&side, fault);
}
