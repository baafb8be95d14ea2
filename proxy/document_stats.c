/* /stats: what the page needs each second: of the process, per worker, per pool and node. */
#include <stddef.h>

#include "common/budget.h"
#include "common/clock.h"
#include "common/events.h"
#include "proxy/console.h"
#include "proxy/document.h"
#include "proxy/document_nodes.h"
#include "proxy/documents.h"
#include "proxy/routing/halts.h"
#include "proxy/server_parts.h"
#include "proxy/status.h"

static uint64_t error_value(const struct metrics_source *counted, size_t symbol)
{
    return metrics_sum(counted, offsetof(struct metrics, error_replies) + symbol * sizeof(metric));
}

static void add_totals(struct json *json, const struct metrics_source *counted)
{
    json_begin_object(json, "totals");
    for (size_t row = 0; row < metrics_field_count(); row++) {
        json_add_number(json, metrics_field_name(row), metrics_field_value(counted, row));
    }
    json_end_object(json);
    json_begin_object(json, "errors");
    for (size_t symbol = 0; symbol < ERROR_SYMBOL_COUNT; symbol++) {
        uint64_t value = error_value(counted, symbol);

        if (value > 0) {
            json_add_number(json, error_reply_names()[symbol], value);
        }
    }
    json_end_object(json);
}

static void add_worker(struct json *json, const struct server *server, size_t number,
                       bool has_answered)
{
    const struct worker *worker = server->workers[number];
    const struct reactor_figures *figures = &worker->reactor->figures;
    struct watch_report report = watchdog_report(server->watchdog, number);

    json_begin_object(json, NULL);
    json_add_number(json, "clients", worker->load);
    json_add_bool(json, "answered", has_answered);
    json_add_number(json, "busy_us_total", atomic_load(&figures->busy_us));
    json_add_number(json, "long_turns_total", atomic_load(&figures->long_turns));
    json_add_number(json, "stuck_ms", report.stuck_us / US_PER_MS);
    json_end_object(json);
}

static void add_discovery(struct json *json, const struct discovery_stats *stats)
{
    uint64_t last = stats->last_success;
    uint64_t now = clock_now();

    json_add_number(json, "primaries", stats->primaries);
    json_add_number(json, "replicas", stats->replicas);
    if (last == 0) {
        json_add_null(json, "confirmed_ms_ago");
    } else {
        json_add_number(json, "confirmed_ms_ago", last > now ? 0 : (now - last) / US_PER_MS);
    }
}

/* What an operator has paused, or drains. */
static void add_halts(struct json *json, struct halts *halts)
{
    uint64_t now = clock_now();
    struct halt found[HALTS_MAX];
    size_t count = halts_list(halts, now, found);

    json_begin_array(json, "halts");
    for (size_t i = 0; i < count; i++) {
        json_begin_object(json, NULL);
        json_add_text(json, "what", found[i].kind == HALT_PAUSE ? "pause" : "drain");
        json_add_text(json, "node", found[i].node[0] == '\0' ? NULL : found[i].node);
        if (found[i].until == UINT64_MAX) {
            json_add_null(json, "left_ms");
        } else {
            json_add_number(json, "left_ms", (found[i].until - now) / US_PER_MS);
        }
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_pool(struct json *json, const struct server *server, size_t number)
{
    const struct server_pool *pool = &server->pools[number];
    const struct paces *paces = console_paces(server->console);
    const struct pool_standing *found = &paces->last->pools[number];

    json_begin_object(json, NULL);
    json_add_text(json, "name", server->pools[number].name);
    json_add_bool(json, "gone", config_has_gone(server->config, number));
    document_add_picture(json, found->topology);
    add_discovery(json, discovery_stats(pool->discovery));
    json_add_number(json, "clients_max", pool->view.config.clients_max);
    json_begin_object(json, "last");
    history_write_last(console_history(server->console), number, json);
    json_end_object(json);
    json_add_number(json, "waiting", found->waiting);
    json_add_number(json, "in_flight", found->in_flight);
    add_halts(json, pool->house.halts);
    add_totals(json, &pool->house.counted);
    document_add_nodes(json, paces, number);
    json_end_object(json);
}

/* The reasons why not, one a line. */
static void add_reasons(struct json *json, struct sendq *why)
{
    struct block *whole = sendq_flatten(why);
    struct span rest = {whole->bytes, whole->used};

    json_begin_array(json, "not_ready");
    while (rest.size > 0) {
        const char *end = memchr(rest.at, '\n', rest.size);
        size_t size = end == NULL ? rest.size : (size_t)(end - rest.at);

        json_add_span(json, NULL, (struct span){rest.at, size});
        size = size_min(size + 1, rest.size);
        rest = (struct span){rest.at + size, rest.size - size};
    }
    json_end_array(json);
    block_release(&whole);
}

static void add_process(struct json *json, struct server *server)
{
    struct sendq why;

    sendq_init(&why);
    json_add_text(json, "version", SLOTWAY_VERSION);
    json_add_number(json, "started_ms", server->started / US_PER_MS);
    json_add_bool(json, "ready", status_is_ready(server, &why));
    add_reasons(json, &why);
    json_add_bool(json, "draining", server->is_draining);
    json_add_number(json, "events_change", events_change());
    json_begin_object(json, "memory");
    json_add_number(json, "used_bytes", budget_used(&budget_of_process));
    json_add_number(json, "limit_bytes", budget_of_process.limit);
    json_add_number(json, "level", (uint64_t)budget_level(&budget_of_process));
    json_end_object(json);
    sendq_clear(&why);
}

static void stats_write(struct server *server, const struct inquiry_question *question UNUSED,
                        const struct inquiry_findings *findings, struct json *json)
{
    size_t pool_count = server->config->pool_count;

    paces_keep(console_paces(server->console), standing_merge(findings, pool_count));

    json_begin_object(json, NULL);
    document_add_time(json);
    json_add_number(json, "second", history_seconds(console_history(server->console)));
    add_process(json, server);
    json_begin_array(json, "workers");
    for (size_t i = 0; i < findings->worker_count; i++) {
        add_worker(json, server, i, findings->by_worker[i] != NULL);
    }
    json_end_array(json);
    json_begin_array(json, "pools");
    for (size_t i = 0; i < pool_count; i++) {
        add_pool(json, server, i);
    }
    json_end_array(json);
    json_end_object(json);
}

static const struct document stats_document = {
    {standing_look, standing_drop, document_on_answer},
    stats_write,
};

void document_stats(void *context, const struct admin_request *request,
                    struct admin_answer *answer UNUSED)
{
    const struct inquiry_question question = {.kind = NULL};

    document_ask(&stats_document, context, request, &question);
}
