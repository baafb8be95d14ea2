/* server_watch.h - which threads of a server the watchdog looks at, and how patiently. Control
 * thread.
 */
#ifndef PROXY_SERVER_WATCH_H
#define PROXY_SERVER_WATCH_H

struct server;
struct server_pool;

/* Makes the server's watchdog; its threads may start later. */
void server_watch_threads(struct server *server);

/* A pool has come. */
void server_watch_pool(struct server *server, const struct server_pool *pool);

/* The configuration has become another one. */
void server_watch_anew(struct server *server);

#endif
