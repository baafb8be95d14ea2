/* client_name.h - what a client may call itself and its library. */
#ifndef PROXY_DOWNSTREAM_CLIENT_NAME_H
#define PROXY_DOWNSTREAM_CLIENT_NAME_H

#include "common/span.h"

/* Redis takes any; but slotway writes them into logs, lists and JSON, and has them in no budget. */
enum { CLIENT_NAME_MAX = 1024 };

#define CLIENT_NAME_LONG                                                                           \
    "ERR proxy: what a client calls itself or its library has at most 1024 bytes"
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
