/* credentials.h - may a client come in with this user name and password? Pure; any thread. */
#ifndef PROXY_DOWNSTREAM_CREDENTIALS_H
#define PROXY_DOWNSTREAM_CREDENTIALS_H

#include "common/span.h"
#include "config/config.h"

enum credentials {
    CREDENTIALS_OK = 0,
    CREDENTIALS_WRONG,
    CREDENTIALS_NOT_NEEDED, /* a password alone, where none is configured */
};

/* `user` is NULL for AUTH with a password alone. Takes as long for a nearly right password as for
 * a wrong one. */
enum credentials credentials_check(const struct pool_config *config, const struct span *user,
                                   struct span password) MUST_USE;

#endif
