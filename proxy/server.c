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
#include "proxy/command_line.h"
#include "proxy/console.h"
#include "proxy/descriptors.h"
#include "proxy/reload.h"
#include "proxy/routing/halts.h"
#include "proxy/server_admin.h"
#include "proxy/server_doors.h"
#include "proxy/server_parts.h"
#include "proxy/server_pool.h"
#include "proxy/server_watch.h"

enum {
    END_SECONDS = 10, /* that threads may take to end */
};

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

static void server_make(struct server *server)
{
    const struct config *config = server->config;

    server->started = clock_wall();
    server->reloads.at = server->started;
    server->reactor = reactor_new();
    server->mailbox = mailbox_new(server->reactor);
    server->worker_count = config->workers;
    server->workers = memory_new(server->worker_count, sizeof(struct worker *));
    /* Pools may come, and none of those there are may move. */
    size_t room = size_max(config->pool_count, CONFIG_POOLS_LIVE);
    server->pools = memory_new(room, sizeof *server->pools);
    for (size_t i = 0; i < server->worker_count; i++) {
        server->workers[i] = worker_new(i, room);
        server->workers[i]->owner = server;
    }
    for (size_t i = 0; i < config->pool_count; i++) {
        server_pool_make(server, i, server->share);
    }
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_use_pools(server->workers[i], config->pool_count);
    }
}

static bool server_listen(struct server *server)
{
    for (size_t i = 0; i < server->config->pool_count; i++) {
        struct server_pool *pool = &server->pools[i];

        if (!server_pool_certify(pool) || !server_pool_bind(pool)) {
            return false;
        }
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        if (!server_pool_listen(&server->pools[i])) {
            return false;
        }
    }
    return true;
}

bool server_open(struct server *server)
{
    if (!server_admin_open(server)) {
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

/* Whatever clients are in. What upgrade_end waits for, it still waits for. */
static void server_end_at_once(struct server *server)
{
    for (size_t i = 0; i < server->worker_count; i++) {
        for (size_t j = 0; j < server->config->pool_count; j++) {
            worker_close_pool(server->workers[i], j);
        }
    }
    upgrade_end(&server->upgrade);
}

static void server_on_drain_timeout(struct reactor_timer *timer)
{
    log_warn("closing clients that are not done", "");
    server_end_at_once(container_of(timer, struct server, drain_timer));
}

struct drain_plan server_drain_plan(const struct config *config)
{
    uint64_t half = config->drain_timeout / 2;

    return (struct drain_plan){
        .spread = config->drain_spread < half ? config->drain_spread : half,
        .patience = half,
    };
}

static void server_drain(struct server *server)
{
    const struct drain_plan plan = server_drain_plan(server->config);

    server_stop_listening(server);
    reactor_timer_start(&server->drain_timer, server->config->drain_timeout);
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
    server->is_replaced = true;
    service_end(&server->service);
    reactor_timer_start(&server->delay_timer, 0);
}

void server_give_up(struct server *server)
{
    server->result = SERVER_CANNOT_START;
    if (server->is_draining) {
        return;
    }
    if (!server->is_listening) {
        reactor_stop(server->reactor);
        return;
    }
    server->is_draining = true;
    reactor_timer_start(&server->delay_timer, 0);
}

static void server_on_stop_signal(struct ev_loop *loop UNUSED, ev_signal *watcher,
                                  int events UNUSED)
{
    struct server *server = watcher->data;
    const struct config *config = server->config;

    if (server->is_replaced) {
        server->is_replaced = false; /* the next one is the second */
        log_info("stopping once the last clients are gone", "signal=%d", watcher->signum);
        return;
    }
    if (server->is_draining || !server->is_listening) {
        log_warn("stopping at once", "signal=%d", watcher->signum);
        server_end_at_once(server);
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
    upgrade_init(&server->upgrade, server);
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
        server_pool_begin(&server->pools[i]);
    }
}

static void on_end_overdue(int number UNUSED)
{
    static const char text[] = "slotway: a thread does not end, so the process does\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

    (void)ignored;
    _exit(EXIT_OVERDUE);
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
    server_admin_close(server);
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
        server_pool_end(&server->pools[i]);
    }
    alarm(0);
    for (size_t i = 0; i < server->worker_count; i++) {
        worker_free(&server->workers[i]);
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        server_pool_clear(&server->pools[i]);
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
    if (!upgrade_begin(&server->upgrade) || !server_listen(server)) {
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
