#include "proxy/status.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/budget.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/tls_context.h"
#include "proxy/metrics/metrics_text.h"
#include "proxy/server_parts.h"
#include "proxy/status_counts.h"
#include "proxy/status_topology.h"

static const char *const hint_names[] = {
    [HINT_MOVED] = "moved",
    [HINT_UNREACHABLE] = "unreachable",
    [HINT_UNBOUND] = "unbound",
};

/* One figure per pool. */
typedef double pool_figure(const struct server_pool *pool);

static double figure_refreshes(const struct server_pool *pool)
{
    return (double)discovery_stats(pool->discovery)->refreshes;
}

static double figure_failures(const struct server_pool *pool)
{
    return (double)discovery_stats(pool->discovery)->failures;
}

static double figure_tls_failures(const struct server_pool *pool)
{
    return (double)discovery_stats(pool->discovery)->tls_failures;
}

static double figure_changes(const struct server_pool *pool)
{
    return (double)discovery_stats(pool->discovery)->changes;
}

static double figure_age(const struct server_pool *pool)
{
    uint64_t last = discovery_stats(pool->discovery)->last_success;
    uint64_t now = clock_now();

    return last == 0 || last > now ? 0 : (double)(now - last) / US_PER_SECOND;
}

static double figure_primaries(const struct server_pool *pool)
{
    return (double)discovery_stats(pool->discovery)->primaries;
}

static double figure_replicas(const struct server_pool *pool)
{
    return (double)discovery_stats(pool->discovery)->replicas;
}

static double figure_slots(const struct server_pool *pool)
{
    return (double)discovery_stats(pool->discovery)->slots_served;
}

static double figure_rejected(const struct server_pool *pool)
{
    return (double)pool->house.rejected_count;
}

static double figure_accept_pauses(const struct server_pool *pool)
{
    return (double)pool->house.accept_pauses;
}

static double figure_traces_lost(const struct server_pool *pool)
{
    return pool->house.trace == NULL ? 0 : (double)line_file_lost(pool->house.trace);
}

static double figure_tls_expires(const struct server_pool *pool)
{
    struct tls_context *context =
        pool->certificates == NULL ? NULL : certificates_context(pool->certificates);

    return context == NULL ? 0 : (double)tls_context_expires(context);
}

static double figure_backend_tls_expires(const struct server_pool *pool)
{
    return pool->node_certificates == NULL
               ? 0
               : (double)node_certificates_expires(pool->node_certificates);
}

static double figure_buffered(const struct server_pool *pool)
{
    return (double)budget_used(&pool->house.budget);
}

static double figure_memory_limit(const struct server_pool *pool)
{
    return (double)budget_limit(&pool->house.budget);
}

static double figure_memory_level(const struct server_pool *pool)
{
    return (double)budget_level(&pool->house.budget);
}

static const struct {
    enum metrics_family family;
    pool_figure *figure;
    bool is_of_now; /* of what a pool that has gone has no more: neither 0 nor the last is true */
} pool_figures[] = {
    {FAMILY_DISCOVERY_REFRESHES, figure_refreshes, false},
    {FAMILY_DISCOVERY_FAILURES, figure_failures, false},
    {FAMILY_DISCOVERY_TLS, figure_tls_failures, false},
    {FAMILY_DISCOVERY_CHANGES, figure_changes, false},
    {FAMILY_DISCOVERY_AGE, figure_age, true},
    {FAMILY_TOPOLOGY_PRIMARIES, figure_primaries, true},
    {FAMILY_TOPOLOGY_REPLICAS, figure_replicas, true},
    {FAMILY_TOPOLOGY_SLOTS, figure_slots, true},
    {FAMILY_REJECTED, figure_rejected, false},
    {FAMILY_ACCEPT_PAUSES, figure_accept_pauses, false},
    {FAMILY_TRACES_LOST, figure_traces_lost, false},
    {FAMILY_TLS_EXPIRES, figure_tls_expires, true},
    {FAMILY_BACKEND_TLS_EXPIRES, figure_backend_tls_expires, true},
    {FAMILY_POOL_BUFFERED, figure_buffered, false},
    {FAMILY_POOL_MEMORY_LIMIT, figure_memory_limit, false},
    {FAMILY_POOL_MEMORY_LEVEL, figure_memory_level, false},
};

static void write_pool_figure(const struct server *server, size_t row, size_t pool,
                              struct sendq *to)
{
    const struct metrics_label label = {"pool", server->config->pools[pool].name};

    if (!pool_figures[row].is_of_now || !config_has_gone(server->config, pool)) {
        metrics_write_sample(to, pool_figures[row].family, &label, 1,
                             pool_figures[row].figure(&server->pools[pool]));
    }
}

static void write_pool_figures(const struct server *server, struct sendq *to)
{
    for (size_t i = 0; i < ARRAY_LEN(pool_figures); i++) {
        metrics_write_family(to, pool_figures[i].family);
        for (size_t j = 0; j < server->config->pool_count; j++) {
            write_pool_figure(server, i, j, to);
        }
    }
}

static void write_hints(const struct server *server, struct sendq *to)
{
    metrics_write_family(to, FAMILY_DISCOVERY_HINTS);
    for (size_t i = 0; i < server->config->pool_count; i++) {
        const struct discovery_stats *stats = discovery_stats(server->pools[i].discovery);

        for (size_t j = 0; j < ARRAY_LEN(hint_names); j++) {
            const struct metrics_label labels[] = {{"pool", server->config->pools[i].name},
                                                   {"kind", hint_names[j]}};

            metrics_write_sample(to, FAMILY_DISCOVERY_HINTS, labels, 2, (double)stats->hints[j]);
        }
    }
}

static void write_worker_loads(const struct server *server, struct sendq *to)
{
    metrics_write_family(to, FAMILY_WORKER_CLIENTS);
    for (size_t i = 0; i < server->worker_count; i++) {
        char number[24];
        const struct metrics_label label = {"worker", number};

        snprintf(number, sizeof number, "%zu", i);
        metrics_write_sample(to, FAMILY_WORKER_CLIENTS, &label, 1, server->workers[i]->load);
    }
}

static void write_thread_sample(struct sendq *to, enum metrics_family family, const char *thread,
                                double value)
{
    const struct metrics_label label = {"thread", thread};

    metrics_write_sample(to, family, &label, 1, value);
}

static void write_watched(const struct server *server, struct sendq *to)
{
    const struct watchdog *watchdog = server->watchdog;

    metrics_write_family(to, FAMILY_THREAD_STALLS);
    for (size_t i = 0; i < watchdog_count(watchdog); i++) {
        struct watch_report report = watchdog_report(watchdog, i);

        write_thread_sample(to, FAMILY_THREAD_STALLS, report.name, (double)report.stalls);
    }
    metrics_write_family(to, FAMILY_THREAD_STUCK);
    for (size_t i = 0; i < watchdog_count(watchdog); i++) {
        struct watch_report report = watchdog_report(watchdog, i);

        write_thread_sample(to, FAMILY_THREAD_STUCK, report.name,
                            (double)report.stuck_us / US_PER_SECOND);
    }
    metrics_write_family(to, FAMILY_PROCESS_PAUSES);
    metrics_write_sample(to, FAMILY_PROCESS_PAUSES, NULL, 0, (double)watchdog_pauses(watchdog));
}

typedef double loop_figure(const struct reactor *reactor);

static double figure_busy(const struct reactor *reactor)
{
    return (double)atomic_load(&reactor->figures.busy_us) / US_PER_SECOND;
}

static double figure_long_turns(const struct reactor *reactor)
{
    return (double)atomic_load(&reactor->figures.long_turns);
}

static double figure_long_seconds(const struct reactor *reactor)
{
    return (double)atomic_load(&reactor->figures.long_us) / US_PER_SECOND;
}

static const struct {
    enum metrics_family family;
    loop_figure *figure;
} loop_figures[] = {
    {FAMILY_LOOP_BUSY, figure_busy},
    {FAMILY_LOOP_STALLS, figure_long_turns},
    {FAMILY_LOOP_STALL_SECONDS, figure_long_seconds},
};

static void write_loops(const struct server *server, struct sendq *to)
{
    for (size_t i = 0; i < ARRAY_LEN(loop_figures); i++) {
        metrics_write_family(to, loop_figures[i].family);
        write_thread_sample(to, loop_figures[i].family, "control",
                            loop_figures[i].figure(server->reactor));
        for (size_t j = 0; j < server->worker_count; j++) {
            write_thread_sample(to, loop_figures[i].family, server->workers[j]->thread.name,
                                loop_figures[i].figure(server->workers[j]->reactor));
        }
    }
}

static void write_figure(struct sendq *to, enum metrics_family family, double value)
{
    metrics_write_family(to, family);
    metrics_write_sample(to, family, NULL, 0, value);
}

static void write_budget(struct sendq *to)
{
    write_figure(to, FAMILY_BUFFERED, (double)budget_used(&budget_of_process));
    write_figure(to, FAMILY_MEMORY_LIMIT, (double)budget_limit(&budget_of_process));
    write_figure(to, FAMILY_MEMORY_LEVEL, (double)budget_level(&budget_of_process));
}

static void write_reloads(const struct server *server, struct sendq *to)
{
    const struct reload_record *reloads = &server->reloads;
    const struct metrics_label done = {"result", "done"};
    const struct metrics_label refused = {"result", "refused"};

    metrics_write_family(to, FAMILY_RELOADS);
    metrics_write_sample(to, FAMILY_RELOADS, &done, 1, (double)reloads->done);
    metrics_write_sample(to, FAMILY_RELOADS, &refused, 1, (double)reloads->refused);
    write_figure(to, FAMILY_RELOAD_REFUSED, reloads->was_refused);
    write_figure(to, FAMILY_RELOAD_TIME, (double)reloads->at / US_PER_SECOND);
    write_figure(to, FAMILY_RESTART_NEEDED, (double)reloads->waiting);
}

void status_write_metrics(void *context, struct sendq *to)
{
    const struct server *server = context;
    struct sendq nowhere;

    sendq_init(&nowhere);
    status_write_counts(server, to);
    write_pool_figures(server, to);
    write_hints(server, to);
    status_write_topology(server, to);
    write_worker_loads(server, to);
    write_budget(to);
    write_loops(server, to);
    write_watched(server, to);
    write_reloads(server, to);
    metrics_write_family(to, FAMILY_READY);
    metrics_write_sample(to, FAMILY_READY, NULL, 0, status_is_ready(context, &nowhere));
    metrics_write_process(to, server->started, (uint32_t)server->worker_count);
    sendq_clear(&nowhere);
}

static bool pool_is_known(const struct server *server, size_t number)
{
    for (size_t i = 0; i < server->worker_count; i++) {
        if (metric_read(&server->workers[i]->pools[number].metrics.topology_version) == 0) {
            return false;
        }
    }
    return true;
}

bool status_is_healthy(void *context, struct sendq *why)
{
    const struct server *server = context;

    return watchdog_is_content(server->watchdog, why);
}

bool status_knows_clusters(const struct server *server, struct sendq *why)
{
    bool is_known = true;

    for (size_t i = 0; i < server->config->pool_count; i++) {
        bool is_waited_for = !server->pools[i].is_late && !config_has_gone(server->config, i);

        if (is_waited_for && !pool_is_known(server, i)) {
            sendq_print(why, "pool %s: no node of its cluster has answered yet\n",
                        server->config->pools[i].name);
            is_known = false;
        }
    }
    return is_known;
}

bool status_is_ready(void *context, struct sendq *why)
{
    const struct server *server = context;
    bool is_ready = status_is_healthy(context, why);

    if ((server->is_draining || !server->is_listening) && !server->upgrade.is_admin_taken) {
        sendq_print(why, server->is_draining ? "draining\n" : "not listening\n");
        is_ready = false;
    }
    return status_knows_clusters(server, why) && is_ready;
}
