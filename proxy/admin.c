#include "proxy/admin.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/socket.h"

enum {
    CONNECTIONS_MAX = 32,
    CONNECTION_BYTES = 16 * 1024, /* request line and headers together */
    IDLE_SECONDS = 5,
    BACKLOG = 64,
};

#define TEXT_TYPE    "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct admin {
    struct reactor *reactor;
    struct admin_hooks hooks;
    struct MHD_Daemon *daemon;
    int listener; /* the daemon's */
    ev_io readable;
    struct reactor_timer timer;
};

struct answer {
    unsigned status;
    const char *type;
    struct sendq body;
};

typedef void answer_fn(struct admin *admin, struct answer *answer);

static void answer_metrics(struct admin *admin, struct answer *answer)
{
    answer->type = METRICS_TYPE;
    admin->hooks.write_metrics(admin->hooks.context, &answer->body);
}

/* The reasons why not are in the body already. */
static void answer_yes_or_no(struct answer *answer, bool is_yes, struct span yes)
{
    if (is_yes) {
        sendq_clear(&answer->body);
        sendq_append(&answer->body, yes);
        return;
    }
    answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
}

static void answer_healthz(struct admin *admin, struct answer *answer)
{
    answer_yes_or_no(answer, admin->hooks.healthy(admin->hooks.context, &answer->body),
                     SPAN("ok\n"));
}

static void answer_readyz(struct admin *admin, struct answer *answer)
{
    answer_yes_or_no(answer, admin->hooks.ready(admin->hooks.context, &answer->body),
                     SPAN("ready\n"));
}

static answer_fn answer_index;

static const struct page {
    const char *path;
    answer_fn *answer;
    const char *help;
} pages[] = {
    {"/metrics", answer_metrics, "counters in the Prometheus text format"},
    {"/healthz", answer_healthz, "200 while the process works, else 503 and what is wrong"},
    {"/readyz", answer_readyz, "200 when clients can be served, else 503 and what is missing"},
    {"/", answer_index, "this list"},
};

static void answer_index(struct admin *admin UNUSED, struct answer *answer)
{
    sendq_append(&answer->body, SPAN("slotway " SLOTWAY_VERSION "\n\n"));
    for (size_t at = 0; at < ARRAY_LEN(pages); at++) {
        sendq_print(&answer->body, "%-9s %s\n", pages[at].path, pages[at].help);
    }
}

static void admin_answer(struct admin *admin, const char *method, const char *path,
                         struct answer *answer)
{
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        answer->status = MHD_HTTP_METHOD_NOT_ALLOWED;
        sendq_append(&answer->body, SPAN("only GET and HEAD\n"));
        return;
    }
    for (size_t at = 0; at < ARRAY_LEN(pages); at++) {
        if (strcmp(path, pages[at].path) == 0) {
            pages[at].answer(admin, answer);
            return;
        }
    }
    answer->status = MHD_HTTP_NOT_FOUND;
    sendq_append(&answer->body, SPAN("no such page\n"));
}

/* What a header or a response refuses is memory that it lacks. */
static void response_add(struct MHD_Response *response, const char *name, const char *value)
{
    CHECK(MHD_add_response_header(response, name, value) == MHD_YES);
}

static enum MHD_Result answer_send(const struct answer *answer, struct MHD_Connection *connection)
{
    struct block *body = sendq_flatten(&answer->body);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->used, body->bytes, MHD_RESPMEM_MUST_COPY);

    block_release(&body);
    if (response == NULL) {
        return MHD_NO;
    }
    response_add(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    response_add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    response_add(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        response_add(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* Called first when the headers are there: answering then means that the body of a request, if it
 * has one, is never read. */
/* lint: the parameters are libmicrohttpd's */
static enum MHD_Result admin_on_request(void *context, struct MHD_Connection *connection,
                                        const char *path, const char *method,
                                        const char *version UNUSED, const char *upload UNUSED,
                                        size_t *upload_size UNUSED, void **request UNUSED)
{
    struct answer answer = {.status = MHD_HTTP_OK, .type = TEXT_TYPE};

    sendq_init(&answer.body);
    admin_answer(context, method, path, &answer);
    enum MHD_Result result = answer_send(&answer, connection);
    sendq_clear(&answer.body);
    return result;
}

PRINTF(2, 0)
static void admin_on_log(void *context UNUSED, const char *format, va_list arguments)
{
    char text[256];

    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\r\n")] = '\0';
    log_debug("admin connection", "said=%s", text);
}

static void admin_run(struct admin *admin)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    MHD_run(admin->daemon);
    if (MHD_get_timeout(admin->daemon, &wait_ms) == MHD_YES) {
        reactor_timer_start(&admin->timer, wait_ms * US_PER_MS);
    } else {
        reactor_timer_stop(&admin->timer);
    }
}

static void admin_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    admin_run(watcher->data);
}

static void admin_on_timer(struct reactor_timer *timer)
{
    admin_run(container_of(timer, struct admin, timer));
}

/* Not before the socket listens: libmicrohttpd closes it in the end. */
static struct MHD_Daemon *admin_start_daemon(struct admin *admin)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, admin_on_request,
                            admin, MHD_OPTION_EXTERNAL_LOGGER, admin_on_log, NULL,
                            MHD_OPTION_LISTEN_SOCKET, admin->listener, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)IDLE_SECONDS, MHD_OPTION_END);
}

static bool admin_open(struct admin *admin, const struct address *listen)
{
    char text[sizeof *listen];

    address_print(listen, text, sizeof text);
    admin->listener = socket_listen(listen, BACKLOG);
    if (admin->listener < 0) {
        log_error("admin page cannot listen", "address=%s error=%s", text,
                  socket_listen_text(listen, errno));
        return false;
    }
    /* On failure the socket is left open: whether libmicrohttpd closed it is not said, and the
     * process is about to end. */
    admin->daemon = admin_start_daemon(admin);
    if (admin->daemon == NULL) {
        log_error("admin page cannot start", "address=%s", text);
        return false;
    }
    struct endpoint local;
    socket_local(admin->listener, &local);
    log_info("admin page listens", "address=%s", endpoint_print(&local, text, sizeof text));
    return true;
}

struct admin *admin_new(struct reactor *reactor, const struct address *listen,
                        const struct admin_hooks *hooks)
{
    struct admin *admin = memory_new(1, sizeof *admin);

    admin->reactor = reactor;
    admin->hooks = *hooks;
    if (!admin_open(admin, listen)) {
        free(admin);
        return NULL;
    }
    const union MHD_DaemonInfo *found =
        MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    CHECK(found != NULL);
    reactor_timer_init(&admin->timer, reactor, admin_on_timer);
    ev_io_init(&admin->readable, admin_on_readable, found->epoll_fd, EV_READ);
    admin->readable.data = admin;
    ev_io_start(reactor->loop, &admin->readable);
    return admin;
}

uint16_t admin_port(const struct admin *admin)
{
    return socket_port(admin->listener);
}

void admin_free(struct admin **admin)
{
    struct admin *gone = *admin;

    *admin = NULL;
    if (gone == NULL) {
        return;
    }
    ev_io_stop(gone->reactor->loop, &gone->readable);
    reactor_timer_stop(&gone->timer);
    MHD_stop_daemon(gone->daemon);
    free(gone);
}
