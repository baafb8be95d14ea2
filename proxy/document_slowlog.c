/* /slowlog: what SLOWLOG GET and COMMANDLOG GET have, the newest first. */
#include "common/memory.h"
#include "common/resp_scan.h"
#include "proxy/document.h"
#include "proxy/documents.h"
#include "proxy/server_parts.h"
#include "proxy/word_pairs.h"

enum { LIMIT_MAX = 1000 };

static const char *const kind_names[LOG_COUNT] = {
#define ROW(symbol, name) name,
    COMMAND_LOGS(ROW)
#undef ROW
};

/* Keys and values are shown when the operator wants that; if not, how large they are. */
static void add_arguments(struct json *json, const struct arguments *arguments, bool shows_keys)
{
    json_begin_array(json, "arguments");
    for (uint32_t i = 0; i + 1 < arguments->count; i++) {
        if (shows_keys || i == 0) {
            json_add_span(json, NULL, arguments->items[i]);
        } else {
            json_add_print(json, NULL, "(%zu bytes)", arguments->items[i].size);
        }
    }
    json_end_array(json);
}

/* The last argument of an entry is a note: "# waited_us=1 node_us=2 node=host:port". */
static void add_note(struct json *json, const struct arguments *arguments)
{
    struct span note = arguments->items[arguments->count - 1];

    if (span_starts_with(note, SPAN("# "))) {
        word_pairs_write((struct span){note.at + 2, note.size - 2}, json);
    }
}

static void add_command(struct json *json, const struct log_entry *entry, bool shows_keys)
{
    static const struct scan_limits limits = {
        .arguments = INT32_MAX,
        .bulk_bytes = INT32_MAX,
        .request_bytes = INT32_MAX,
        .authenticated = true,
    };
    struct span input = {entry->arguments, entry->arguments_size};
    struct arguments arguments = {.count = 0};
    struct request_scan scan;
    size_t used;

    request_scan_reset(&scan);
    enum scan_result result = request_scan_any(&scan, &limits, input, &arguments, &used);
    CHECK(result == SCAN_DONE && arguments.count > 0);
    add_arguments(json, &arguments, shows_keys);
    add_note(json, &arguments);
    arguments_clear(&arguments);
}

static void add_entry(struct page_part *page, const struct log_entry *entry,
                      enum command_log_kind kind, bool shows_keys)
{
    struct json json;

    json_init(&json);
    json_begin_object(&json, NULL);
    json_add_number(&json, "id", entry->id);
    json_add_number(&json, "time_ms", entry->at * 1000);
    json_add_number(&json, kind == LOG_SLOW ? "took_us" : "bytes", entry->amount);
    add_command(&json, entry, shows_keys);
    json_add_text(&json, "client", entry->peer);
    json_add_text(&json, "name", entry->name == NULL ? "" : entry->name);
    json_end_object(&json);
    page_add(page, entry->id, &json);
}

static void *slowlog_look(struct worker *worker, const struct inquiry_question *question)
{
    const struct clients *clients = &worker->pools[question->terms.page.pool].clients;
    enum command_log_kind kind = (enum command_log_kind)question->terms.page.which;
    int64_t most = (int64_t)question->terms.page.most;
    const struct log_entry *entry = command_log_recent(clients, kind, most);
    struct page_part *page = memory_new(1, sizeof *page);

    page->total = clients->logs[kind].count;
    for (; entry != NULL; entry = command_log_next(clients, kind, entry)) {
        add_entry(page, entry, kind, question->terms.page.shows_keys);
    }
    return page;
}

static void slowlog_write(struct server *server, const struct inquiry_question *question,
                          const struct inquiry_findings *findings, struct json *json)
{
    struct page page = page_begin(server, question, findings, json);

    json_add_text(json, "kind", kind_names[question->terms.page.which]);
    json_begin_array(json, "entries");
    for (size_t i = 0; i < page.shown; i++) {
        page_write(&page, page.count - 1 - i, json);
    }
    json_end_array(json);
    page_end(&page, json);
}

static const struct document slowlog_document = {
    {slowlog_look, page_drop, document_on_answer},
    slowlog_write,
};

static bool take_kind(const struct admin_request *request, int *kind, struct admin_answer *answer)
{
    const char *name = admin_request_argument(request, "kind");

    *kind = LOG_SLOW;
    if (name == NULL) {
        return true;
    }
    for (*kind = 0; *kind < LOG_COUNT; ++*kind) {
        if (strcmp(kind_names[*kind], name) == 0) {
            return true;
        }
    }
    document_refuse(answer, "kind must be slow, large-request or large-reply");
    return false;
}

void document_slowlog(void *context, const struct admin_request *request,
                      struct admin_answer *answer)
{
    struct server *server = context;
    struct inquiry_question question = {.kind = NULL};

    if (document_take_page(server, request, &question, LIMIT_MAX, answer) &&
        take_kind(request, &question.terms.page.which, answer)) {
        question.terms.page.shows_keys = server->config->admin_show_keys;
        document_ask(&slowlog_document, server, request, &question);
    }
}
