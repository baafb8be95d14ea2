/* client_name.h - what a client may call itself and its library. */
#ifndef PROXY_DOWNSTREAM_CLIENT_NAME_H
#define PROXY_DOWNSTREAM_CLIENT_NAME_H

#include "common/span.h"

#define CLIENT_NAME_ERROR "ERR Client names cannot contain spaces, newlines or special characters."

/* Printable ASCII without blanks, so that a line of CLIENT LIST can be taken apart again. */
static inline bool client_name_is_good(struct span name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] < '!' || name.at[i] > '~') {
            return false;
        }
    }
    return true;
}

#endif
