/* /clients: what CLIENT LIST has, a page at a time, by the clients' ids. */
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/document.h"
#include "proxy/documents.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/client_pages.h"
#include "proxy/server_parts.h"
#include "proxy/word_pairs.h"

enum { LIMIT_MAX = 500 };

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
    struct page page = page_begin(server, question, findings, json);

    json_add_number(json, "total", page.total);
    json_begin_array(json, "clients");
    for (size_t i = 0; i < page.shown; i++) {
        page_write(&page, i, json);
    }
    json_end_array(json);
    if (page.shown > 0 && page.shown == question->terms.page.most) {
        json_add_number(json, "next", page.lines[page.shown - 1].id);
    } else {
        json_add_null(json, "next");
    }
    page_end(&page, json);
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

    if (document_take_page(server, request, &question, LIMIT_MAX, answer) &&
        document_take_number(request, "after", &question.terms.page.after, INT64_MAX, answer)) {
        document_ask(&clients_document, server, request, &question);
    }
}
