#include "proxy/server_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/budget.h"
#include "common/clock.h"
#include "common/line_file.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/downstream/roll.h"
#include "proxy/pubsub/exchange.h"
#include "proxy/routing/halts.h"
#include "proxy/routing/mending.h"
#include "proxy/server_parts.h"
#include "proxy/users.h"

enum {
    TRACE_ROOM = 1024 * 1024, /* bytes of lines that may wait to be written */
    REST_LOOK_US = 50 * US_PER_MS,
};

static void server_on_topology(void *context, struct topology *topology)
{
    struct server_pool *pool = context;
    struct server *server = pool->server;
    size_t number = (size_t)(pool - server->pools);

    for (size_t i = 0; i < server->worker_count; i++) {
        worker_adopt(server->workers[i], number, topology_take(topology));
    }
    topology_release(&topology);
}

static void server_on_commands(void *context, struct command_table *table)
{
    struct server_pool *pool = context;
    struct server *server = pool->server;
    size_t number = (size_t)(pool - server->pools);

    for (size_t i = 0; i < server->worker_count; i++) {
        worker_use_commands(server->workers[i], number, command_table_take(table));
    }
    command_table_release(&table);
}

/* 40 hex digits that no other start has. */
static void make_run_id(char *text)
{
    unsigned char bytes[20];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        memset(bytes, 0, sizeof bytes);
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
}

/* What each worker counts of that pool. The caller frees the list. */
static const struct metrics **list_metrics(const struct server *server, size_t number)
{
    const struct metrics **list = memory_new(server->worker_count, sizeof(struct metrics *));

    for (size_t i = 0; i < server->worker_count; i++) {
        list[i] = &server->workers[i]->pools[number].metrics;
    }
    return list;
}

static void make_house(struct server *server, size_t number)
{
    struct server_pool *pool = &server->pools[number];
    struct house *house = &pool->house;

    house->started = clock_now();
    house->pool = &pool->view.config;
    budget_init(&house->budget, pool->name, house->pool->clients_memory_limit);
    house->worker_count = server->worker_count;
    house->clients = memory_new(server->worker_count, sizeof(struct clients *));
    house->mailboxes = memory_new(server->worker_count, sizeof(struct mailbox *));
    house->heats = memory_new(server->worker_count, sizeof(struct heat *));
    house->counted = (struct metrics_source){.pool = pool->name,
                                             .workers = list_metrics(server, number),
                                             .worker_count = server->worker_count};
    make_run_id(house->run_id);
    house->exchange = exchange_new(server->worker_count, house->run_id);
    house->door = node_door_new();
    house->roll = roll_new();
    house->halts = halts_new(pool->name, server->worker_count);
    if (house->pool->trace_file != NULL) {
        house->trace = line_file_open(house->pool->trace_file, TRACE_ROOM, "trace");
    }
    house->discovery = pool->discovery;
    for (size_t i = 0; i < server->worker_count; i++) {
        house->heats[i] = heat_new(house->started);
        house->clients[i] = &server->workers[i]->pools[number].clients;
        house->mailboxes[i] = server->workers[i]->mailbox;
    }
    house->mendings = mending_board_new(server->worker_count);
    if (house->pool->scripts_remembered > 0) {
        house->scripts =
            script_memory_new(house->pool->scripts_remembered, house->pool->scripts_bytes);
    }
}

static size_t number_of(const struct server_pool *pool)
{
    return (size_t)(pool - pool->server->pools);
}

static void on_patience_over(struct reactor_timer *timer)
{
    struct server_pool *pool = container_of(timer, struct server_pool, patience);

    for (size_t i = 0; i < pool->server->worker_count; i++) {
        worker_close_pool(pool->server->workers[i], number_of(pool));
    }
}

static void leave_nodes_alone(struct server_pool *pool)
{
    for (size_t i = 0; i < pool->server->worker_count; i++) {
        worker_rest_pool(pool->server->workers[i], number_of(pool));
    }
}

/* One that has come back meanwhile goes on with a new thread. */
static void on_rest(struct reactor_timer *timer)
{
    struct server_pool *pool = container_of(timer, struct server_pool, rest);
    bool has_clients = atomic_load(&pool->house.client_count) > 0;

    reactor_timer_stop(timer);
    if (!discovery_has_stopped(pool->discovery) || (pool->is_gone && has_clients)) {
        reactor_timer_start(timer, REST_LOOK_US);
    } else if (pool->is_gone) {
        leave_nodes_alone(pool);
    } else {
        server_pool_begin(pool);
    }
}

void server_pool_make(struct server *server, size_t number, struct config_share *share)
{
    struct server_pool *pool = &server->pools[number];

    pool->server = server;
    reactor_timer_init(&pool->patience, server->reactor, on_patience_over);
    reactor_timer_init(&pool->rest, server->reactor, on_rest);
    config_view_show(&pool->view, share, number);
    pool->name = memory_copy(pool->view.config.name, strlen(pool->view.config.name));
    pool->discovery = discovery_new(&share->config->pools[number], server_on_topology, pool);
    pool->lessons = lessons_new(&share->config->pools[number], server_on_commands, pool);
    discovery_use_lessons(pool->discovery, pool->lessons);
    discovery_use_config(pool->discovery, share, number);
    make_house(server, number);
    discovery_use_door(pool->discovery, pool->house.door);
    pool->node_certificates =
        node_certificates_new(server->reactor, &pool->view.config, pool->house.door);
    users_begin(pool);
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_add_pool(server->workers[i], number, &pool->house, share);
    }
}

bool server_pool_certify(struct server_pool *pool)
{
    pool->certificates = certificates_new(pool->server->reactor, pool->house.pool);
    return pool->certificates != NULL;
}

bool server_pool_bind(struct server_pool *pool)
{
    pool->listener = listener_open(pool->server->reactor, &pool->house,
                                   certificates_context(pool->certificates));
    certificates_serve(pool->certificates, pool->listener);
    return pool->listener != NULL;
}

bool server_pool_listen(struct server_pool *pool)
{
    struct config_errors errors = {0};
    bool is_listening = listener_listen(pool->listener, pool->house.pool, &errors);

    config_errors_clear(&errors);
    return is_listening;
}

void server_pool_drop(struct server_pool *pool)
{
    struct server *server = pool->server;

    if (server == NULL) {
        return;
    }
    if (pool->listener != NULL) {
        listener_close(&pool->listener);
    }
    certificates_free(&pool->certificates);
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_drop_pool(server->workers[i], number_of(pool));
    }
    server_pool_end(pool);
    server_pool_clear(pool);
    *pool = (struct server_pool){.server = NULL};
}

void server_pool_begin(struct server_pool *pool)
{
    lessons_begin(pool->lessons);
    discovery_start(pool->discovery);
}

void server_pool_leave(struct server_pool *pool)
{
    struct server *server = pool->server;
    struct drain_plan plan = server_drain_plan(server->config);

    log_info("pool is gone: its clients are let go", "pool=%s", pool->name);
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_drain_pool(server->workers[i], number_of(pool), &plan);
    }
    reactor_timer_start(&pool->patience, server->config->drain_timeout);
    node_certificates_rest(pool->node_certificates);
    pool->is_gone = true;
    discovery_stop_soon(pool->discovery);
    on_rest(&pool->rest);
}

void server_pool_return(struct server_pool *pool)
{
    reactor_timer_stop(&pool->patience);
    for (size_t i = 0; i < pool->server->worker_count; i++) {
        worker_admit_pool(pool->server->workers[i], number_of(pool));
    }
    pool->is_gone = false;
    pool->is_late = true;
    on_rest(&pool->rest);
}

void server_pool_end(struct server_pool *pool)
{
    reactor_timer_stop(&pool->patience);
    reactor_timer_stop(&pool->rest);
    discovery_free(&pool->discovery);
    lessons_free(&pool->lessons);
    line_file_close(&pool->house.trace);
}

void server_pool_clear(struct server_pool *pool)
{
    for (size_t i = 0; i < pool->house.worker_count; i++) {
        heat_free(&pool->house.heats[i]);
    }
    free(pool->house.heats);
    free((void *)pool->house.counted.workers);
    free(pool->house.clients);
    free(pool->house.mailboxes);
    exchange_free(&pool->house.exchange);
    node_certificates_free(&pool->node_certificates);
    node_door_free(&pool->house.door);
    free(pool->house.mendings);
    roll_free(&pool->house.roll);
    halts_free(&pool->house.halts);
    users_end(pool);
    script_memory_free(&pool->house.scripts);
    config_view_clear(&pool->view);
    free(pool->name);
}
