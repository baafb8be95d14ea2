/* server.h - the whole proxy: workers, admin page, signals, drain. */
#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

#include "config/config.h"

/* Also what the process exits with. */
enum server_result {
    SERVER_ENDED = 0,
    SERVER_CANNOT_START = 3, /* an address could not be listened on */
};

/* Runs until SIGTERM or SIGINT has been obeyed; a second one ends the drain. Main thread. */
enum server_result server_run(const struct config *config);

#endif
