#include "proxy/server_watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/server_parts.h"

/* A node may take its time to answer, for discovery and for a connection, and no client waits for
 * that. */
static uint64_t discovery_patience(const struct server_pool *pool)
{
    return pool->server->config->watchdog_after + 2 * pool->view.config.timeout_connect;
}

static char *discovery_name(const struct server_pool *pool)
{
    return memory_print("discovery-%s", pool->name);
}

void server_watch_pool(struct server *server, const struct server_pool *pool)
{
    char *name = discovery_name(pool);

    watchdog_add(server->watchdog, &(struct watch_target){
                                       .name = name,
                                       .kind = WATCH_OTHER,
                                       .thread = discovery_thread(pool->discovery),
                                       .pulse = discovery_pulse(pool->discovery),
                                       .patience = discovery_patience(pool),
                                   });
    free(name);
}

static void worker_name(size_t number, char *name, size_t size)
{
    snprintf(name, size, "worker-%zu", number);
}

void server_watch_threads(struct server *server)
{
    uint64_t after = server->config->watchdog_after;

    server->watchdog = watchdog_new(server->reactor, after);
    for (size_t i = 0; i < server->worker_count; i++) {
        const struct worker *worker = server->workers[i];
        char name[32];

        worker_name(i, name, sizeof name);
        watchdog_add(server->watchdog, &(struct watch_target){
                                           .name = name,
                                           .kind = WATCH_VITAL,
                                           .thread = &worker->thread,
                                           .pulse = &worker->reactor->pulse,
                                           .patience = after,
                                       });
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        server_watch_pool(server, &server->pools[i]);
    }
}

void server_watch_anew(struct server *server)
{
    uint64_t after = server->config->watchdog_after;

    watchdog_set_after(server->watchdog, after);
    for (size_t i = 0; i < server->worker_count; i++) {
        char name[32];

        worker_name(i, name, sizeof name);
        watchdog_set_patience(server->watchdog, name, after);
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        char *name = discovery_name(&server->pools[i]);

        watchdog_set_patience(server->watchdog, name, discovery_patience(&server->pools[i]));
        free(name);
    }
}
