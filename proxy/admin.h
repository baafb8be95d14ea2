/* admin.h - the admin page: metrics and health over HTTP, for monitoring and for probes.
 *
 *      GET /metrics    hooks.write_metrics, Prometheus text
 *      GET /healthz    200, or 503 and what is wrong, as hooks.healthy says; no answer at all when
 *                      the control thread is stuck
 *      GET /readyz     200, or 503 and what is missing, as hooks.ready says
 *      GET /           the pages there are
 *
 * libmicrohttpd without a thread of its own: its epoll descriptor is one more in the reactor of the
 * control thread, which calls all of this. Connections are few, short-lived and closed after each
 * answer, so that nobody on the network can take the thread's time or memory.
 */
#ifndef PROXY_ADMIN_H
#define PROXY_ADMIN_H

#include "common/address.h"
#include "common/reactor.h"
#include "common/sendq.h"

struct admin;

/* Called on the control thread, for one request each. */
struct admin_hooks {
    void *context;
    void (*write_metrics)(void *context, struct sendq *to);
    bool (*healthy)(void *context, struct sendq *why); /* `why`: one line for each thing wrong */
    bool (*ready)(void *context, struct sendq *why);   /* `why`: one line for each thing missing */
};

/* Listens and serves from now on; copies `hooks`. NULL, after an error in the log, when `listen`
 * cannot be listened on. */
struct admin *admin_new(struct reactor *reactor, const struct address *listen,
                        const struct admin_hooks *hooks) MUST_USE;

/* The port that it got, for a `listen` with port 0. */
uint16_t admin_port(const struct admin *admin);

/* Closes the listener and all connections. */
void admin_free(struct admin **admin);

#endif
