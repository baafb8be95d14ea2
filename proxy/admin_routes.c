#include "proxy/admin_routes.h"

#include "proxy/admin_halts.h"
#include "proxy/documents.h"
#include "proxy/page.h"
#include "proxy/reload.h"
#include "proxy/server_parts.h"
#include "proxy/status.h"

enum { HTTP_OK = 200, HTTP_BAD_REQUEST = 400 };

static void serve_metrics(void *context, const struct admin_request *request UNUSED,
                          struct admin_answer *answer)
{
    answer->type = ADMIN_METRICS;
    status_write_metrics(context, &answer->body);
}

static void serve_healthz(void *context, const struct admin_request *request UNUSED,
                          struct admin_answer *answer)
{
    admin_answer_whether(answer, status_is_healthy(context, &answer->body), SPAN("ok\n"));
}

static void serve_readyz(void *context, const struct admin_request *request UNUSED,
                         struct admin_answer *answer)
{
    admin_answer_whether(answer, status_is_ready(context, &answer->body), SPAN("ready\n"));
}

static void serve_reload(void *context, const struct admin_request *request UNUSED,
                         struct admin_answer *answer)
{
    answer->status = reload_run(context, &answer->body) == RELOAD_DONE ? HTTP_OK : HTTP_BAD_REQUEST;
}

static const struct admin_route routes[] = {
    {ADMIN_GET, "/metrics", serve_metrics, "counters in the Prometheus text format"},
    {ADMIN_GET, "/healthz", serve_healthz,
     "200 while the process works, else 503 and what is wrong"},
    {ADMIN_GET, "/readyz", serve_readyz,
     "200 when clients can be served, else 503 and what is missing"},
    {ADMIN_GET, "/", page_serve, "the cluster at a glance, for a browser"},
    {ADMIN_GET, "/page/page.css", page_serve, NULL},
    {ADMIN_GET, "/page/icon.svg", page_serve, NULL},
    {ADMIN_GET, "/page/main.js", page_serve, NULL},
    {ADMIN_GET, "/page/verdict.js", page_serve, NULL},
    {ADMIN_GET, "/page/lists.js", page_serve, NULL},
    {ADMIN_GET, "/page/slots.js", page_serve, NULL},
    {ADMIN_GET, "/page/nodes.js", page_serve, NULL},
    {ADMIN_GET, "/page/charts.js", page_serve, NULL},
    {ADMIN_GET, "/page/source.js", page_serve, NULL},
    {ADMIN_GET, "/page/dom.js", page_serve, NULL},
    {ADMIN_GET, "/topology", document_topology, "JSON: nodes, how they stand, and their slots"},
    {ADMIN_GET, "/stats", document_stats, "JSON: totals, workers and nodes, for each second"},
    {ADMIN_GET, "/history", document_history, "JSON: the last ten minutes; ?seconds="},
    {ADMIN_GET, "/clients", document_clients, "JSON: CLIENT LIST by pages; ?pool= &after= &limit="},
    {ADMIN_GET, "/slowlog", document_slowlog, "JSON: slow and large ones; ?pool= &kind= &limit="},
    {ADMIN_GET, "/config", document_config, "JSON: the configuration in use, without secrets"},
    {ADMIN_GET, "/events", document_events, "JSON: what has happened; ?after=CHANGE &limit="},
    {ADMIN_GET, "/hotkeys", document_hotkeys, "JSON: the keys most asked for, and the largest"},
    {ADMIN_GET, "/heat", document_heat, "JSON: requests by slot"},
    {ADMIN_POST, "/reload", serve_reload,
     "reads the configuration again: 200 and what changed, else 400 and why nothing did"},
    {ADMIN_GET, "/pauses", admin_serve_pauses,
     "what is paused or drained, and what is in flight there"},
    {ADMIN_POST, "/pause", admin_serve_pause, "requests wait: ?pool=, ?node=, ?timeout=30s"},
    {ADMIN_POST, "/drain", admin_serve_drain, "leaves a node: ?pool=, ?node=, ?timeout=30s"},
    {ADMIN_POST, "/resume", admin_serve_resume, "ends both: ?pool=, ?node="},
};

static struct admin_rules rules_of_now(void *context)
{
    const struct config *config = ((const struct server *)context)->config;

    return (struct admin_rules){config->admin_hosts, config->admin_open_metrics};
}

struct admin_site admin_routes_of(struct server *server)
{
    return (struct admin_site){.context = server,
                               .routes = routes,
                               .route_count = ARRAY_LEN(routes),
                               .rules = rules_of_now};
}
