/* credentials.h - as whom a node is to take a connection that serves clients of one user.
 *
 * Without a password it is whom a node takes for who says nothing. The secret is kept as it is, for
 * it has to be said to each node. It is in no log, and wiped when it is given back. Immutable, but
 * for being cleared by its owner.
 */
#ifndef PROXY_UPSTREAM_CREDENTIALS_H
#define PROXY_UPSTREAM_CREDENTIALS_H

#include "common/sendq.h"

struct credentials {
    bool is_given;  /* there is a password */
    char *name;     /* NULL: the password was given without one, as by AUTH PASSWORD */
    char *password; /* any bytes */
    size_t name_size;
    size_t password_size;
};

/* Copies both. `name` is NULL for a password alone. */
void credentials_init(struct credentials *credentials, const struct span *name,
                      struct span password);
void credentials_clear(struct credentials *credentials);

/* Whose password it is that is given without a name. */
#define CREDENTIALS_NAMELESS SPAN("default")

/* Whom they are of, which says nothing of whether there is a password. */
struct span credentials_name(const struct credentials *credentials);

/* Are these name and password? */
bool credentials_are(const struct credentials *credentials, const struct span *name,
                     struct span password) MUST_USE;

/* Appends AUTH. */
void credentials_write(const struct credentials *credentials, struct sendq *output);

#endif
