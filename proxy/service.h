/* service.h - what systemd hears of the process while it runs, if it started it.
 *
 *      accepts clients ─> READY=1 ─> WATCHDOG=1, as long as no worker is stuck; STATUS=, when it
 *      changes; RELOADING=1 and READY=1 again ─> STOPPING=1
 *
 * READY=1 means that clients are accepted, not that the cluster is known: one that is away is no
 * reason to be started again and again, and requests wait for it. Control thread only.
 */
#ifndef PROXY_SERVICE_H
#define PROXY_SERVICE_H

#include "common/reactor.h"

struct server;

struct service {
    struct server *server;
    struct reactor_timer timer;
    uint64_t look; /* microseconds between two */
    char status[160];
};

/* Tells nobody anything yet. */
void service_init(struct service *service, struct server *server);

/* Clients are accepted. */
void service_begin(struct service *service);

/* Before and after the configuration is read again. */
void service_reloading(const struct service *service);
void service_reloaded(struct service *service);

/* It drains, and may take so many microseconds for that. */
void service_stopping(const struct service *service, uint64_t patience);

/* Says no more: also when another process speaks for the service from now on. */
void service_end(struct service *service);

#endif
