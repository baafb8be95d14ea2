/* server.h - the whole proxy: workers, admin page, signals, drain. */
#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

#include "config/config_share.h"

/* Also what the process exits with. */
enum server_result {
    SERVER_ENDED = 0,
    SERVER_CANNOT_START = 3, /* an address could not be listened on */
};

/* Where a configuration comes from, as config_load takes it; borrowed. */
struct config_source {
    const char *path;
    const struct config_overrides *overrides;
};

/* Runs until SIGTERM or SIGINT has been obeyed; a second one ends the drain. Goes by `share`, which
 * it takes, until `source` is to be read again. Main thread. */
enum server_result server_run(struct config_share *share, const struct config_source *source);

#endif
