/* admin_secrets.h - what the admin port needs of files: certificate, key and token. Any thread;
 * files are read.
 */
#ifndef CONFIG_ADMIN_SECRETS_H
#define CONFIG_ADMIN_SECRETS_H

#include "config/tls_options.h"

/* Each is a text or NULL. With a certificate there is a key. */
struct admin_secrets {
    char *certificate; /* PEM */
    char *key;         /* PEM */
    char *token;
};

/* False, with *fault, when a file cannot be used; then there is nothing to be cleared. */
bool admin_secrets_read(struct admin_secrets *secrets, const struct config *config,
                        struct tls_option_fault *fault) MUST_USE;

/* Byte for byte. */
bool admin_secrets_are_same(const struct admin_secrets *a, const struct admin_secrets *b);

/* Wipes and frees them. */
void admin_secrets_clear(struct admin_secrets *secrets);

#endif
