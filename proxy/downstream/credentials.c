#include "proxy/downstream/credentials.h"

/* Walks all of what was given, whatever it is: the time tells nothing of the secret's bytes. */
static bool secret_is(const char *secret, struct span given)
{
    size_t size = strlen(secret);
    volatile unsigned char difference = size == given.size ? 0 : 1;

    for (size_t i = 0; i < given.size; i++) {
        unsigned char expected = size == 0 ? 0 : (unsigned char)secret[i % size];

        difference = (unsigned char)(difference | ((unsigned char)given.at[i] ^ expected));
    }
    return difference == 0;
}

enum credentials credentials_check(const struct pool_config *config, const struct span *user,
                                   struct span password)
{
    bool is_user = user == NULL || span_equal(*user, span_of(config->clients_username));

    if (config->clients_password == NULL) {
        if (user == NULL) {
            return CREDENTIALS_NOT_NEEDED;
        }
        return is_user ? CREDENTIALS_OK : CREDENTIALS_WRONG;
    }

    bool is_password = secret_is(config->clients_password, password);

    return is_user && is_password ? CREDENTIALS_OK : CREDENTIALS_WRONG;
}
