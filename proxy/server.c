#include "proxy/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/activation.h"
#include "common/budget.h"
#include "common/clock.h"
#include "common/events.h"
#include "common/inherited.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/admin_routes.h"
#include "proxy/console.h"
#include "proxy/descriptors.h"
#include "proxy/downstream/roll.h"
#include "proxy/pubsub/exchange.h"
#include "proxy/reload.h"
#include "proxy/routing/halts.h"
#include "proxy/routing/mending.h"
#include "proxy/server_doors.h"
#include "proxy/server_parts.h"
#include "proxy/server_watch.h"
#include "proxy/users.h"

enum {
    TRACE_ROOM = 1024 * 1024, /* bytes of lines that may wait to be written */
    END_SECONDS = 10,         /* that threads may take to end */
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

/* Pauses are jittered by random(): without a seed, proxies that start together would come back to a
 * sick node together. */
static void seed_random(void)
{
    unsigned seed;

    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        seed = (unsigned)clock_wall();
    }
    srandom(seed);
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

static void server_make_house(struct server *server, size_t number)
{
    struct server_pool *pool = &server->pools[number];
    struct house *house = &pool->house;

    house->started = clock_now();
    house->pool = &pool->view.config;
    budget_init(&house->budget, pool->name, house->pool->clients_memory_limit);
    house->worker_count = server->worker_count;
    house->clients = memory_new(server->worker_count, sizeof(struct clients *));
    house->mailboxes = memory_new(server->worker_count, sizeof(struct mailbox *));
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
        house->clients[i] = &server->workers[i]->pools[number].clients;
        house->mailboxes[i] = server->workers[i]->mailbox;
    }
    house->mendings = mending_board_new(server->worker_count);
    if (house->pool->scripts_remembered > 0) {
        house->scripts =
            script_memory_new(house->pool->scripts_remembered, house->pool->scripts_bytes);
    }
}

static void server_make_pool(struct server *server, size_t number)
{
    struct server_pool *pool = &server->pools[number];

    pool->server = server;
    config_view_show(&pool->view, server->share, number);
    pool->name = memory_copy(pool->view.config.name, strlen(pool->view.config.name));
    pool->discovery = discovery_new(&server->config->pools[number], server_on_topology, pool);
    pool->lessons = lessons_new(&server->config->pools[number], server_on_commands, pool);
    discovery_use_lessons(pool->discovery, pool->lessons);
    discovery_use_config(pool->discovery, server->share, number);
    server_make_house(server, number);
    discovery_use_door(pool->discovery, pool->house.door);
    pool->node_certificates =
        node_certificates_new(server->reactor, &pool->view.config, pool->house.door);
    users_begin(pool);
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_add_pool(server->workers[i], number, &pool->house, server->share);
    }
}

static void server_make(struct server *server)
{
    const struct config *config = server->config;

    server->started = clock_wall();
    server->reloads.at = server->started;
    server->reactor = reactor_new();
    server->mailbox = mailbox_new(server->reactor);
    server->worker_count = config->workers;
    server->workers = memory_new(server->worker_count, sizeof(struct worker *));
    server->pools = memory_new(config->pool_count, sizeof *server->pools);
    for (size_t i = 0; i < server->worker_count; i++) {
        server->workers[i] = worker_new(i, config->pool_count);
        server->workers[i]->owner = server;
    }
    for (size_t i = 0; i < config->pool_count; i++) {
        server_make_pool(server, i);
    }
}

static bool server_pool_listen(struct server_pool *pool)
{
    struct reactor *reactor = pool->server->reactor;

    pool->certificates = certificates_new(reactor, pool->house.pool);
    if (pool->certificates == NULL) {
        return false;
    }
    pool->listener = listener_open(reactor, &pool->house, certificates_context(pool->certificates));
    certificates_serve(pool->certificates, pool->listener);
    return pool->listener != NULL;
}

static bool server_listen(struct server *server)
{
    for (size_t i = 0; i < server->config->pool_count; i++) {
        if (!server_pool_listen(&server->pools[i])) {
            return false;
        }
    }
    return true;
}

static bool server_open_admin(struct server *server)
{
    if (server->config->admin_listen.count == 0) {
        return true;
    }

    struct admin_site site = admin_routes_of(server);
    struct tls_option_fault fault;

    if (!admin_secrets_read(&server->admin_secrets, server->config, &fault)) {
        log_error("admin page cannot start", "option=%s error=%s", option_rows[fault.option].path,
                  fault.text);
        return false;
    }
    site.secrets = &server->admin_secrets;
    server->admin = admin_new(server->reactor, &server->config->admin_listen.items[0], &site);
    return server->admin != NULL;
}

bool server_open(struct server *server)
{
    if (!server_open_admin(server)) {
        return false;
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        listener_start(server->pools[i].listener);
    }
    server->is_listening = true;
    upgrade_open(&server->upgrade);
    return true;
}

static void server_stop_listening(struct server *server)
{
    server->is_listening = false;
    upgrade_stop(&server->upgrade);
    for (size_t i = 0; i < server->config->pool_count; i++) {
        certificates_free(&server->pools[i].certificates);
        if (server->pools[i].listener != NULL) {
            listener_close(&server->pools[i].listener);
        }
    }
}

/* Posted by each worker when its last client is gone. */
struct drained {
    struct message message;
    struct server *server;
};

static void drained_drop(struct message *message)
{
    free(container_of(message, struct drained, message));
}

static void server_on_drained(struct message *message)
{
    struct server *server = container_of(message, struct drained, message)->server;

    drained_drop(message);
    server->drained_count++;
    if (server->drained_count == server->worker_count) {
        log_info("drained", "");
        upgrade_end(&server->upgrade);
    }
}

static void server_on_worker_drained(struct worker *worker)
{
    struct server *server = worker->owner;
    struct drained *drained = memory_new(1, sizeof *drained);

    drained->server = server;
    drained->message.deliver = server_on_drained;
    drained->message.drop = drained_drop;
    mailbox_post(server->mailbox, &drained->message);
}

static void server_on_drain_timeout(struct reactor_timer *timer)
{
    log_warn("closing clients that are not done", "");
    reactor_stop(container_of(timer, struct server, drain_timer)->reactor);
}

static void server_drain(struct server *server)
{
    const struct config *config = server->config;
    uint64_t half = config->drain_timeout / 2;
    const struct drain_plan plan = {
        .spread = config->drain_spread < half ? config->drain_spread : half,
        .patience = half,
    };

    server_stop_listening(server);
    reactor_timer_start(&server->drain_timer, config->drain_timeout);
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_drain(server->workers[i], &plan);
    }
}

static void server_on_delay_over(struct reactor_timer *timer)
{
    server_drain(container_of(timer, struct server, delay_timer));
}

void server_be_replaced(struct server *server)
{
    server->is_draining = true;
    service_end(&server->service);
    reactor_timer_start(&server->delay_timer, 0);
}

void server_give_up(struct server *server)
{
    server->result = SERVER_CANNOT_START;
    reactor_stop(server->reactor);
}

static void server_on_stop_signal(struct ev_loop *loop UNUSED, ev_signal *watcher,
                                  int events UNUSED)
{
    struct server *server = watcher->data;
    const struct config *config = server->config;

    if (server->is_draining) {
        log_warn("stopping at once", "signal=%d", watcher->signum);
        reactor_stop(server->reactor);
        return;
    }
    log_info("stopping", "signal=%d delay_ms=%llu drain_ms=%llu", watcher->signum,
             (unsigned long long)(config->drain_delay / US_PER_MS),
             (unsigned long long)(config->drain_timeout / US_PER_MS));
    events_post(EVENT_DRAIN, NULL, NULL, "stopping: signal %d", watcher->signum);
    server->is_draining = true;
    service_stopping(&server->service,
                     config->drain_delay + config->drain_timeout + END_SECONDS * US_PER_SECOND);
    if (config->drain_delay > 0) {
        reactor_timer_start(&server->delay_timer, config->drain_delay);
        return;
    }
    server_drain(server);
}

/* Also when a terminal goes away. */
static void server_on_hangup(struct ev_loop *loop UNUSED, ev_signal *watcher, int events UNUSED)
{
    struct sendq report;

    sendq_init(&report);
    (void)reload_run(watcher->data, &report);
    sendq_clear(&report);
}

static void server_on_user2(struct ev_loop *loop UNUSED, ev_signal *watcher, int events UNUSED)
{
    struct server *server = watcher->data;

    upgrade_start_successor(&server->upgrade);
}

static void server_watch_signal(struct server *server, ev_signal *watcher, int number,
                                void (*received)(struct ev_loop *, ev_signal *, int))
{
    ev_signal_init(watcher, received, number);
    watcher->data = server;
    ev_signal_start(server->reactor->loop, watcher);
}

static void server_watch_signals(struct server *server)
{
    signal(SIGPIPE, SIG_IGN);
    server_watch_signal(server, &server->terminate, SIGTERM, server_on_stop_signal);
    server_watch_signal(server, &server->interrupt, SIGINT, server_on_stop_signal);
    server_watch_signal(server, &server->hangup, SIGHUP, server_on_hangup);
    server_watch_signal(server, &server->user2, SIGUSR2, server_on_user2);
    reactor_timer_init(&server->delay_timer, server->reactor, server_on_delay_over);
    reactor_timer_init(&server->drain_timer, server->reactor, server_on_drain_timeout);
    service_init(&server->service, server);
}

static void server_start_workers(struct server *server)
{
    server->console = console_new(server);
    for (size_t i = 0; i < server->worker_count; i++) {
        server->workers[i]->on_drained = server_on_worker_drained;
        worker_start(server->workers[i]);
    }
}

/* Nobody is asked anything before it is sure that we stay. */
static void server_start_discovery(struct server *server)
{
    for (size_t i = 0; i < server->config->pool_count; i++) {
        lessons_begin(server->pools[i].lessons);
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        discovery_start(server->pools[i].discovery);
    }
}

static void on_end_overdue(int number UNUSED)
{
    static const char text[] = "slotway: a thread does not end, so the process does\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

    (void)ignored;
    _exit(EXIT_FAILURE);
}

/* A thread that is stuck, say in a write to a dead disk, does not keep the process from ending. */
static void server_free(struct server *server)
{
    signal(SIGALRM, on_end_overdue);
    alarm(END_SECONDS);
    server_stop_listening(server);
    upgrade_clear(&server->upgrade);
    service_end(&server->service);
    inherited_close_rest();
    if (server->admin != NULL) {
        admin_free(&server->admin);
    }
    admin_secrets_clear(&server->admin_secrets);
    watchdog_free(&server->watchdog);
    /* Workers give hints to discovery, and discovery posts to workers' mailboxes: the threads end
     * in this order, and mailboxes last. */
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_stop(server->workers[i]);
    }
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_join(server->workers[i]);
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        discovery_free(&server->pools[i].discovery);
        lessons_free(&server->pools[i].lessons);
        line_file_close(&server->pools[i].house.trace);
    }
    alarm(0);
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_free(&server->workers[i]);
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        free(server->pools[i].house.clients);
        free(server->pools[i].house.mailboxes);
        exchange_free(&server->pools[i].house.exchange);
        node_certificates_free(&server->pools[i].node_certificates);
        node_door_free(&server->pools[i].house.door);
        free(server->pools[i].house.mendings);
        roll_free(&server->pools[i].house.roll);
        halts_free(&server->pools[i].house.halts);
        users_end(&server->pools[i]);
        script_memory_free(&server->pools[i].house.scripts);
        config_view_clear(&server->pools[i].view);
        free(server->pools[i].name);
    }
    ev_signal_stop(server->reactor->loop, &server->terminate);
    ev_signal_stop(server->reactor->loop, &server->interrupt);
    ev_signal_stop(server->reactor->loop, &server->hangup);
    ev_signal_stop(server->reactor->loop, &server->user2);
    reactor_timer_stop(&server->delay_timer);
    reactor_timer_stop(&server->drain_timer);
    mailbox_free(&server->mailbox);
    console_free(&server->console);
    reactor_free(&server->reactor);
    free(server->workers);
    free(server->pools);
    config_share_release(&server->share);
}

/* Who takes over from an old one opens later, when it knows the cluster. */
static bool server_begin(struct server *server)
{
    activation_take();
    if (!server_doors_open(server)) {
        return false;
    }
    if (!upgrade_begin(&server->upgrade, server) || !server_listen(server)) {
        return false;
    }
    if (upgrade_is_taking_over(&server->upgrade)) {
        server_start_discovery(server);
        upgrade_go_on(&server->upgrade);
        return true;
    }
    if (!server_open(server)) {
        return false;
    }
    inherited_close_rest();
    service_begin(&server->service);
    server_start_discovery(server);
    return true;
}

enum server_result server_run(struct config_share *share, const struct config_source *source)
{
    const struct config *config = share->config;
    struct server server = {.source = source, .share = share, .config = config};

    log_info("slotway starts", "version=%s workers=%u pools=%zu", SLOTWAY_VERSION, config->workers,
             config->pool_count);
    events_post(EVENT_START, NULL, NULL, "slotway %s starts, %u workers", SLOTWAY_VERSION,
                config->workers);
    budget_init(&budget_of_process, NULL, config->memory_limit);
    descriptors_raise(config);
    seed_random();
    server_make(&server);
    server_watch_signals(&server);
    server_watch_threads(&server);
    server_start_workers(&server);
    if (server_begin(&server)) {
        reactor_run(server.reactor);
    } else {
        server.result = SERVER_CANNOT_START;
    }
    server_free(&server);
    log_info("slotway ends", "code=%d", (int)server.result);
    return server.result;
}
