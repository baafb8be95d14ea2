#include "config/tls_side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "config/password_file.h"

#define EXPECTED_AUTHORITIES "the certificates of authorities in PEM form"

enum { KEY_PASSWORD_MAX = 512 };

static const char *expected_of(enum tls_setting setting)
{
    switch (setting) {
    case TLS_SETTING_CERTIFICATE: return "a readable PEM file with a certificate that is valid now";
    case TLS_SETTING_KEY: return "a readable PEM file with the private key of the certificate";
    case TLS_SETTING_CA_FILE: return "a readable file with " EXPECTED_AUTHORITIES;
    case TLS_SETTING_CA_FOLDER: return "a readable folder with " EXPECTED_AUTHORITIES;
    case TLS_SETTING_CIPHERS: return "a list as for openssl ciphers";
    case TLS_SETTING_CIPHER_SUITES:
        return "names as TLS_AES_256_GCM_SHA384, with colons between them";
    }
    CHECK(false);
    return NULL;
}

bool tls_side_refuse(struct tls_option_fault *fault, enum option_id option, const char *text,
                     const char *expected)
{
    fault->option = option;
    fault->expected = expected;
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return false;
}

/* *password stays NULL when there is none to be read. */
static bool read_password(const struct tls_side *side, char **password,
                          struct tls_option_fault *fault)
{
    char *problem = NULL;

    if (side->password_file == NULL) {
        return true;
    }
    *password = password_file_read(side->password_file, KEY_PASSWORD_MAX, &problem);
    if (*password == NULL) {
        tls_side_refuse(fault, side->password_option, problem,
                        "a readable file with the password in its first line");
        free(problem);
        return false;
    }
    return true;
}

struct tls_context *tls_side_context(const struct tls_side *side, struct tls_option_fault *fault)
{
    struct tls_settings settings = side->settings;
    struct tls_fault found;
    char *password = NULL;

    if (!read_password(side, &password, fault)) {
        return NULL;
    }
    settings.key_password = password;

    struct tls_context *context = tls_context_new(&settings, &found);

    if (context == NULL) {
        tls_side_refuse(fault, side->options[found.setting], found.text,
                        expected_of(found.setting));
    }
    if (password != NULL) {
        explicit_bzero(password, strlen(password));
        free(password);
    }
    return context;
}
