/* server_watch.h - which threads of a server the watchdog looks at, and how patiently. Control
 * thread.
 */
#ifndef PROXY_SERVER_WATCH_H
#define PROXY_SERVER_WATCH_H

struct server;

/* Makes the server's watchdog; its threads may start later. */
void server_watch_threads(struct server *server);

/* The configuration has become another one. */
void server_watch_anew(struct server *server);

#endif
