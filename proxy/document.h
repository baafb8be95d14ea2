/* document.h - how a document of the admin port comes to be: what those in documents.h share.
 *
 *      serve ── all is here ──────────────────────> document_send
 *        └──── workers must be asked ──> document_ask ··· inquiry ··· write ──> sent
 *
 * Control thread, but for what workers look at.
 */
#ifndef PROXY_DOCUMENT_H
#define PROXY_DOCUMENT_H

#include "common/json.h"
#include "proxy/admin.h"
#include "proxy/inquiry.h"

struct server;

/* A document that workers contribute to. The kind's `answer` is document_on_answer. */
struct document {
    struct inquiry_kind kind;
    void (*write)(struct server *server, const struct inquiry_question *question,
                  const struct inquiry_findings *findings, struct json *json);
};

/* The answer is `json`, which is cleared. */
void document_send(struct admin_answer *answer, struct json *json);

/* The answer is that the request is wrong: 400 and {"error": …}. */
void document_refuse(struct admin_answer *answer, const char *format, ...) PRINTF(2, 3);

/* Asks all workers; the answer comes when they have answered. */
void document_ask(const struct document *document, struct server *server,
                  const struct admin_request *request, const struct inquiry_question *question);

/* For the kinds of documents. */
void document_on_answer(void *asker, const struct inquiry_question *question,
                        const struct inquiry_findings *findings);

/* What the query says: a number up to `most` (`fallback` when it says nothing), or the number of a
 * pool by its name (the first one that has not gone). They refuse, and return false, when it says
 * something else. */
bool document_take_number(const struct admin_request *request, const char *name, uint64_t *number,
                          uint64_t most, struct admin_answer *answer);
bool document_take_pool(const struct server *server, const struct admin_request *request,
                        size_t *pool, struct admin_answer *answer);

/* Adds to the object that is open: the time of day, and how many workers have answered. */
void document_add_time(struct json *json);
void document_add_answered(struct json *json, const struct inquiry_findings *findings);

/* What the query says of a page: the pool, and `limit` up to `most`; of one without that, 100. */
bool document_take_page(const struct server *server, const struct admin_request *request,
                        struct inquiry_question *question, uint64_t most,
                        struct admin_answer *answer);

/* Part of a list, of which each worker has some: so many in all, and here the JSON of a few. */
struct page_part {
    uint64_t total;
    size_t count;
    struct page_line {
        uint64_t id;
        char *text;
        size_t size;
    } * lines;
};

/* Adds a line, whose JSON is taken: it is empty then. */
void page_add(struct page_part *page, uint64_t id, struct json *json);

/* For inquiries that find a struct page_part. */
void page_drop(void *page);

/* All that was found, the least id first; the lines stay the findings'. */
struct page {
    struct page_line *lines;
    size_t count;
    size_t shown;   /* so many of them are wanted */
    uint64_t total; /* in all workers */
};

/* Begins the object with what all pages tell first. page_end() ends it, and gives `lines` back. */
struct page page_begin(const struct server *server, const struct inquiry_question *question,
                       const struct inquiry_findings *findings, struct json *json) MUST_USE;
void page_end(struct page *page, struct json *json);

/* One of its lines, a value of an array. */
void page_write(const struct page *page, size_t number, struct json *json);

#endif
