/* /topology: pools, their nodes and how they stand, and which slots are whose. */
#include "common/clock.h"
#include "proxy/console.h"
#include "proxy/document.h"
#include "proxy/document_nodes.h"
#include "proxy/documents.h"
#include "proxy/server_parts.h"

static void topology_write(struct server *server, const struct inquiry_question *question UNUSED,
                           const struct inquiry_findings *findings, struct json *json)
{
    size_t pool_count = server->config->pool_count;
    struct paces *paces = console_paces(server->console);
    const struct standing *standing = paces_keep(paces, standing_merge(findings, pool_count));

    json_begin_object(json, NULL);
    document_add_time(json);
    document_add_answered(json, findings);
    json_begin_array(json, "pools");
    for (size_t i = 0; i < pool_count; i++) {
        json_begin_object(json, NULL);
        json_add_text(json, "name", server->pools[i].name);
        document_add_picture(json, standing->pools[i].topology);
        document_add_nodes(json, paces, i);
        document_add_slots(json, standing->pools[i].topology);
        json_end_object(json);
    }
    json_end_array(json);
    json_end_object(json);
}

static const struct document topology_document = {
    {standing_look, standing_drop, document_on_answer},
    topology_write,
};

void document_topology(void *context, const struct admin_request *request,
                       struct admin_answer *answer UNUSED)
{
    const struct inquiry_question question = {.kind = NULL};

    document_ask(&topology_document, context, request, &question);
}
