/* server_pool.h - a pool of the configuration, in all threads: from its making to its end.
 *
 *      make ─> bind ─> listen ─> workers know it (worker_use_pools) ─> begin ─> … ─> end ─> clear
 *                └─ no ──┴─> drop
 *
 * Control thread only.
 */
#ifndef PROXY_SERVER_POOL_H
#define PROXY_SERVER_POOL_H

#include "config/config_share.h"

struct server;
struct server_pool;

/* Makes pool `number` of `share`, in server->pools and in each worker, which do not look at it
 * yet. */
void server_pool_make(struct server *server, size_t number, struct config_share *share);

/* Reads the TLS files of its listener. False, with the reason logged, when they cannot be used. */
bool server_pool_certify(struct server_pool *pool) MUST_USE;

/* Then: has its addresses, and next, when all pools have theirs, listens; nobody is accepted yet.
 * False, with the reason logged, when it cannot. */
bool server_pool_bind(struct server_pool *pool) MUST_USE;
bool server_pool_listen(struct server_pool *pool) MUST_USE;

/* Gives back one that no worker has looked at. */
void server_pool_drop(struct server_pool *pool);

/* Asks the nodes of its cluster from now on. */
void server_pool_begin(struct server_pool *pool);

/* It is not in the configuration any more: its clients are let go, and what is left of them after
 * drain.timeout is closed; nobody is asked, and then nobody is connected to any more. All else
 * stays, for it may come back: return. */
void server_pool_leave(struct server_pool *pool);
void server_pool_return(struct server_pool *pool);

/* When no worker runs any more: asks nobody. */
void server_pool_end(struct server_pool *pool);

/* When the workers are freed. */
void server_pool_clear(struct server_pool *pool);

#endif
