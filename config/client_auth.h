/* client_auth.h - who judges a pool's clients: slotway, or the nodes. */
#ifndef CONFIG_CLIENT_AUTH_H
#define CONFIG_CLIENT_AUTH_H

#include <string.h>

#include "config/draft.h"

/* Is it the nodes, as which users clients come in? */
static inline bool client_auth_is_nodes(const struct pool_config *pool)
{
    return strcmp(pool->clients_auth, "nodes") == 0;
}

/* Refuses an unknown word, and what would have users of slotway's own beside those of the nodes. */
void client_auth_check(struct draft *draft, size_t pool);

#endif
