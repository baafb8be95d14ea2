#include "proxy/document.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "proxy/console.h"
#include "proxy/server_parts.h"

enum { STATUS_BAD_REQUEST = 400, LIMIT_DEFAULT = 100 };

/* Somebody who waits for a document. */
struct waiting {
    struct server *server;
    struct admin_later *later;
    struct inquiry *inquiry;
};

void document_send(struct admin_answer *answer, struct json *json)
{
    answer->type = ADMIN_JSON;
    sendq_clear(&answer->body);
    sendq_append(&answer->body, json_span(json));
    sendq_append(&answer->body, SPAN("\n"));
    json_clear(json);
}

void document_refuse(struct admin_answer *answer, const char *format, ...)
{
    struct json json;
    char text[512];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    json_init(&json);
    json_begin_object(&json, NULL);
    json_add_text(&json, "error", text);
    json_end_object(&json);
    answer->status = STATUS_BAD_REQUEST;
    document_send(answer, &json);
}

static void waiting_on_lost(void *context)
{
    struct waiting *waiting = context;

    inquiry_give_up(&waiting->inquiry);
    free(waiting);
}

void document_on_answer(void *asker, const struct inquiry_question *question,
                        const struct inquiry_findings *findings)
{
    const struct document *document = container_of(question->kind, struct document, kind);
    struct waiting *waiting = asker;
    struct admin_answer answer;
    struct json json;

    json_init(&json);
    document->write(waiting->server, question, findings, &json);
    admin_answer_init(&answer);
    document_send(&answer, &json);
    admin_later_send(&waiting->later, &answer);
    free(waiting);
}

void document_ask(const struct document *document, struct server *server,
                  const struct admin_request *request, const struct inquiry_question *question)
{
    struct waiting *waiting = memory_new(1, sizeof *waiting);
    struct inquiry_question asked = *question;

    asked.kind = &document->kind;
    waiting->server = server;
    waiting->later = admin_answer_later(request, waiting_on_lost, waiting);
    waiting->inquiry = inquiry_start(console_site(server->console), &asked, waiting);
}

bool document_take_number(const struct admin_request *request, const char *name, uint64_t *number,
                          uint64_t most, struct admin_answer *answer)
{
    const char *text = admin_request_argument(request, name);
    int64_t value;

    if (text == NULL) {
        return true;
    }
    if (!span_to_int64(span_of(text), &value) || value < 0 || (uint64_t)value > most) {
        document_refuse(answer, "%s must be a number from 0 to %llu", name,
                        (unsigned long long)most);
        return false;
    }
    *number = (uint64_t)value;
    return true;
}

bool document_take_pool(const struct server *server, const struct admin_request *request,
                        size_t *pool, struct admin_answer *answer)
{
    const char *name = admin_request_argument(request, "pool");

    if (name == NULL) {
        *pool = config_first_pool(server->config);
        return true;
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        if (strcmp(server->pools[i].name, name) == 0) {
            *pool = i;
            return true;
        }
    }
    document_refuse(answer, "there is no pool '%.64s'", name);
    return false;
}

bool document_take_page(const struct server *server, const struct admin_request *request,
                        struct inquiry_question *question, uint64_t most,
                        struct admin_answer *answer)
{
    uint64_t limit = LIMIT_DEFAULT;

    if (!document_take_pool(server, request, &question->terms.page.pool, answer) ||
        !document_take_number(request, "limit", &limit, most, answer)) {
        return false;
    }
    question->terms.page.most = size_max((size_t)limit, 1);
    return true;
}

void document_add_time(struct json *json)
{
    json_add_number(json, "time_ms", clock_wall() / US_PER_MS);
}

void document_add_answered(struct json *json, const struct inquiry_findings *findings)
{
    json_add_number(json, "workers", findings->worker_count);
    json_add_number(json, "workers_answered", findings->answered);
}

void page_add(struct page_part *page, uint64_t id, struct json *json)
{
    size_t count = page->count;

    if ((count & (count - 1)) == 0) {
        page->lines = memory_resize(page->lines, count == 0 ? 1 : count * 2, sizeof *page->lines);
    }
    page->lines[page->count++] = (struct page_line){id, json->bytes, json->size};
    json_init(json);
}

void page_drop(void *page)
{
    struct page_part *gone = page;

    for (size_t i = 0; i < gone->count; i++) {
        free(gone->lines[i].text);
    }
    free(gone->lines);
    free(gone);
}

static int compare_lines(const void *a, const void *b)
{
    const struct page_line *one = a;
    const struct page_line *other = b;

    return one->id < other->id ? -1 : one->id > other->id;
}

static void page_gather(struct page *page, const struct inquiry_findings *findings)
{
    for (size_t i = 0; i < findings->worker_count; i++) {
        const struct page_part *part = findings->by_worker[i];

        if (part == NULL) {
            continue;
        }
        page->total += part->total;
        page->lines =
            memory_resize(page->lines, size_max(page->count + part->count, 1), sizeof *page->lines);
        for (size_t j = 0; j < part->count; j++) {
            page->lines[page->count++] = part->lines[j];
        }
    }
    if (page->count > 0) {
        qsort(page->lines, page->count, sizeof *page->lines, compare_lines);
    }
}

struct page page_begin(const struct server *server, const struct inquiry_question *question,
                       const struct inquiry_findings *findings, struct json *json)
{
    struct page page = {.count = 0};

    page_gather(&page, findings);
    page.shown = size_min(page.count, question->terms.page.most);
    json_begin_object(json, NULL);
    document_add_time(json);
    document_add_answered(json, findings);
    json_add_text(json, "pool", server->pools[question->terms.page.pool].name);
    return page;
}

void page_end(struct page *page, struct json *json)
{
    json_end_object(json);
    free(page->lines);
    page->lines = NULL;
}

void page_write(const struct page *page, size_t number, struct json *json)
{
    CHECK(number < page->count);
    json_add_value(json, NULL, (struct span){page->lines[number].text, page->lines[number].size});
}
