/* /clients: what CLIENT LIST has, a page at a time, by the clients' ids. */
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/document.h"
#include "proxy/documents.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/client_pages.h"
#include "proxy/server_parts.h"
#include "proxy/word_pairs.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 500 };

static void add_client(struct page_part *page, const struct client *client)
{
    char *line = client_line_print(client, NULL);
    struct json json;

    json_init(&json);
    json_begin_object(&json, NULL);
    json_add_number(&json, "worker", client->clients->worker);
    word_pairs_write(span_of(line), &json);
    json_end_object(&json);
    page_add(page, client->session.id, &json);
    free(line);
}

static void *clients_look(struct worker *worker, const struct inquiry_question *question)
{
    struct clients *clients = &worker->pools[question->terms.page.pool].clients;
    struct list_link *link = client_pages_begin(clients, question->terms.page.after);
    struct page_part *page = memory_new(1, sizeof *page);

    page->total = clients->count;
    for (; link != &clients->open.anchor && page->count < question->terms.page.most;
         link = link->next) {
        add_client(page, container_of(link, struct client, in_clients));
    }
    return page;
}

/* "next" is where the next page begins; null: this is the last one. */
static void clients_write(struct server *server, const struct inquiry_question *question,
                          const struct inquiry_findings *findings, struct json *json)
{
    size_t count;
    uint64_t total;
    struct page_line *lines = page_gather(findings, &count, &total);
    size_t shown = size_min(count, question->terms.page.most);

    json_begin_object(json, NULL);
    document_add_time(json);
    document_add_answered(json, findings);
    json_add_text(json, "pool", server->pools[question->terms.page.pool].name);
    json_add_number(json, "total", total);
    json_begin_array(json, "clients");
    for (size_t i = 0; i < shown; i++) {
        json_add_value(json, NULL, (struct span){lines[i].text, lines[i].size});
    }
    json_end_array(json);
    if (shown > 0 && shown == question->terms.page.most) {
        json_add_number(json, "next", lines[shown - 1].id);
    } else {
        json_add_null(json, "next");
    }
    json_end_object(json);
    free(lines);
}

static const struct document clients_document = {
    {clients_look, page_drop, document_on_answer},
    clients_write,
};

void document_clients(void *context, const struct admin_request *request,
                      struct admin_answer *answer)
{
    struct server *server = context;
    struct inquiry_question question = {.kind = NULL};
    uint64_t most = LIMIT_DEFAULT;

    if (document_take_pool(server, request, &question.terms.page.pool, answer) &&
        document_take_number(request, "after", &question.terms.page.after, INT64_MAX, answer) &&
        document_take_number(request, "limit", &most, LIMIT_MAX, answer)) {
        question.terms.page.most = size_max((size_t)most, 1);
        document_ask(&clients_document, server, request, &question);
    }
}
