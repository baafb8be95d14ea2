/* server.h - the whole proxy: workers, admin page, signals, drain. */
#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

#include "config/config.h"

/* Runs until SIGTERM or SIGINT has been obeyed. Returns the exit code: 0 after a drain, 3 when an
 * address could not be listened on. */
int server_run(const struct config *config);

#endif
