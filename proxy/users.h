/* users.h - who may use the pools: made at the start, and anew when asked to. Control thread. */
#ifndef PROXY_USERS_H
#define PROXY_USERS_H

#include "config/config.h"

struct server_pool;
struct user_set;

/* Is all well with the users of all pools, and with the files that they are in? What is not is in
 * *errors, which the caller clears. */
bool users_check(const struct config *config, struct config_errors *errors) MUST_USE;

/* Before there are workers: the pool has the users of its configuration, and ACL LOAD works. Where
 * their files have become unusable since users_check, nobody may do anything. */
void users_begin(struct server_pool *pool);

/* From now on the pool has these users, whom user_set_new has made; takes the reference. */
void users_give(struct server_pool *pool, struct user_set *users);

/* After the workers have ended. */
void users_end(struct server_pool *pool);

#endif
