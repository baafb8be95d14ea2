#include "config/admin_secrets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/password_file.h"

enum {
    TOKEN_MAX = 512,
    PEM_MAX = 1024 * 1024, /* of which a chain takes a few thousand */
};

#define EXPECTED_FILE "a readable PEM file"

static bool refuse(struct tls_option_fault *fault, enum option_id option, const char *text,
                   const char *expected)
{
    fault->option = option;
    fault->expected = expected;
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return false;
}

/* NULL with errno. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;

    if (file == NULL) {
        return NULL;
    }

    char *room = memory_raw(PEM_MAX);
    size_t size = fread(room, 1, PEM_MAX, file);

    if (ferror(file) == 0) {
        text = memory_copy(room, size);
    }
    explicit_bzero(room, size);
    free(room);
    fclose(file);
    return text;
}

static bool read_pem(const char *path, enum option_id option, char **text,
                     struct tls_option_fault *fault)
{
    *text = read_file(path);
    return *text != NULL || refuse(fault, option, strerror(errno), EXPECTED_FILE);
}

/* Whether the files belong together is told as it is for clients. */
static bool check_pair(const struct config *config, struct tls_option_fault *fault)
{
    const struct tls_settings settings = {
        .kind = TLS_SERVER,
        .certificate = config->admin_tls_certificate,
        .key = config->admin_tls_key,
    };
    struct tls_fault found;
    struct tls_context *context = tls_context_new(&settings, &found);
    bool is_good = context != NULL;

    tls_context_release(&context);
    return is_good || refuse(fault,
                             found.setting == TLS_SETTING_KEY ? OPTION_ID_admin_tls_key
                                                              : OPTION_ID_admin_tls_certificate,
                             found.text, "PEM files with a certificate and its key");
}

static bool read_pair(struct admin_secrets *secrets, const struct config *config,
                      struct tls_option_fault *fault)
{
    const char *certificate = config->admin_tls_certificate;
    const char *key = config->admin_tls_key;

    if (certificate == NULL) {
        return key == NULL || refuse(fault, OPTION_ID_admin_tls_key, "is of no certificate",
                                     "a file in 'admin.tls_certificate' as well");
    }
    return check_pair(config, fault) &&
           read_pem(certificate, OPTION_ID_admin_tls_certificate, &secrets->certificate, fault) &&
           (key != NULL
                ? read_pem(key, OPTION_ID_admin_tls_key, &secrets->key, fault)
                : read_pem(certificate, OPTION_ID_admin_tls_certificate, &secrets->key, fault));
}

static bool read_token(struct admin_secrets *secrets, const struct config *config,
                       struct tls_option_fault *fault)
{
    char *problem = NULL;

    if (config->admin_token_file == NULL) {
        return true;
    }
    secrets->token = password_file_read(config->admin_token_file, TOKEN_MAX, &problem);
    if (secrets->token == NULL) {
        refuse(fault, OPTION_ID_admin_token_file, problem,
               "a readable file with the token in its first line");
        free(problem);
        return false;
    }
    return true;
}

bool admin_secrets_read(struct admin_secrets *secrets, const struct config *config,
                        struct tls_option_fault *fault)
{
    *secrets = (struct admin_secrets){.token = NULL};
    if (read_pair(secrets, config, fault) && read_token(secrets, config, fault)) {
        return true;
    }
    admin_secrets_clear(secrets);
    return false;
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool admin_secrets_are_same(const struct admin_secrets *a, const struct admin_secrets *b)
{
    return is_same(a->certificate, b->certificate) && is_same(a->key, b->key) &&
           is_same(a->token, b->token);
}

static void wipe(char **text)
{
    if (*text != NULL) {
        explicit_bzero(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
}

void admin_secrets_clear(struct admin_secrets *secrets)
{
    wipe(&secrets->certificate);
    wipe(&secrets->key);
    wipe(&secrets->token);
}
