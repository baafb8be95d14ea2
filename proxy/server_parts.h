/* server_parts.h - what the process consists of: for server.c, which runs it, and status.c, which
 * tells of it. Control thread only.
 */
#ifndef PROXY_SERVER_PARTS_H
#define PROXY_SERVER_PARTS_H

#include "proxy/downstream/listener.h"
#include "proxy/reload.h"
#include "proxy/watchdog.h"
#include "proxy/worker.h"

struct admin;
struct config_source;
struct console;
struct server;

/* One configured pool: what is not a worker's. */
struct server_pool {
    struct server *server;
    char *name; /* never changes */
    struct discovery *discovery;
    struct lessons *lessons;
    struct listener *listener;
    struct config_view view; /* the options that the control thread goes by */
    struct house house;
};

struct server {
    const struct config_source *source; /* of the configuration, to read it again */
    struct config_share *share;
    const struct config *config; /* in there */
    uint64_t started;            /* clock_wall() */
    struct reactor *reactor;
    struct mailbox *mailbox;
    struct worker **workers;
    size_t worker_count;
    size_t drained_count;      /* workers whose last client is gone */
    struct server_pool *pools; /* config->pool_count of them */
    struct admin *admin;
    struct console *console; /* what the admin page remembers */
    struct watchdog *watchdog;
    struct reload_record reloads;
    bool is_listening;
    bool is_draining; /* SIGTERM has come */
    struct reactor_timer delay_timer;
    struct reactor_timer drain_timer;
    ev_signal terminate;
    ev_signal interrupt;
    ev_signal hangup;
};

#endif
