/* server_parts.h - what the process consists of: for server.c, which runs it, and status.c, which
 * tells of it. Control thread only.
 */
#ifndef PROXY_SERVER_PARTS_H
#define PROXY_SERVER_PARTS_H

#include "proxy/admin.h"
#include "proxy/certificates.h"
#include "proxy/downstream/listener.h"
#include "proxy/node_certificates.h"
#include "proxy/reload.h"
#include "proxy/renewal.h"
#include "proxy/server.h"
#include "proxy/service.h"
#include "proxy/upgrade.h"
#include "proxy/watchdog.h"
#include "proxy/worker.h"

struct config_source;
struct console;
struct server;

/* One configured pool: what is not a worker's. */
struct server_pool {
    struct server *server;
    char *name; /* never changes */
    struct discovery *discovery;
    struct lessons *lessons;
    struct certificates *certificates; /* of the listener */
    struct listener *listener;
    struct node_certificates *node_certificates;
    struct config_view view;       /* the options that the control thread goes by */
    bool is_late;                  /* has come by a reload: is not waited for to be ready */
    struct reactor_timer patience; /* with the clients of a pool that is gone */
    struct reactor_timer rest;     /* looks whether its discovery has ended, and its clients */
    bool is_gone;
    struct house house;
};

/* Of certificate, key and token of `admin`; server_admin.h. */
struct admin_files {
    struct reactor_timer look;
    struct renewal renewal;
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
    struct admin *admin;       /* NULL: it listens nowhere */
    struct admin_files admin_files;
    struct console *console; /* what the admin page remembers */
    struct watchdog *watchdog;
    struct reload_record reloads;
    bool is_listening;
    bool is_draining; /* SIGTERM has come, or a successor */
    bool is_replaced; /* a successor serves, and no signal has come since */
    enum server_result result;
    struct upgrade upgrade;
    struct service service;
    struct reactor_timer delay_timer;
    struct reactor_timer drain_timer;
    ev_signal terminate;
    ev_signal interrupt;
    ev_signal hangup;
    ev_signal user2;
};

/* How clients are let go. */
struct drain_plan server_drain_plan(const struct config *config);

/* Accepts clients, and serves the admin page. False, with the reason logged, when it cannot. */
bool server_open(struct server *server) MUST_USE;

/* A successor accepts them: is not ready any more, and drains from the next turn on. */
void server_be_replaced(struct server *server);

/* Ends, when those who were accepted already are let go: there is an old one that serves, and goes
 * on. */
void server_give_up(struct server *server);

#endif
