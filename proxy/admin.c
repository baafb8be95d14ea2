#include "proxy/admin.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/inherited.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/socket.h"
#include "proxy/admin_answer.h"
#include "proxy/admin_door.h"
#include "proxy/admin_entry.h"

enum {
    CONNECTIONS_MAX = 32,
    CONNECTION_BYTES = 16 * 1024, /* request line and headers together */
    IDLE_SECONDS = 5,
    BACKLOG = 64,
};

struct admin {
    struct reactor *reactor;
    struct admin_site site;
    struct MHD_Daemon *daemon;
    int listener; /* the daemon's */
    ev_io readable;
    struct reactor_timer timer;
    struct list waiting; /* struct admin_later that have no answer yet */
};

/* A connection that is suspended until its answer is there. */
struct admin_later {
    struct list_link in_waiting;
    struct admin *admin;
    struct MHD_Connection *connection;
    void (*lost)(void *context);
    void *context;
    struct admin_answer answer;
};

static bool method_of(const char *text, enum admin_method *method)
{
    bool is_post = strcmp(text, MHD_HTTP_METHOD_POST) == 0;

    *method = is_post ? ADMIN_POST : ADMIN_GET;
    return is_post || strcmp(text, MHD_HTTP_METHOD_GET) == 0 ||
           strcmp(text, MHD_HTTP_METHOD_HEAD) == 0;
}

struct admin_later *admin_answer_later(const struct admin_request *request,
                                       void (*lost)(void *context), void *context)
{
    struct admin_later *later = memory_new(1, sizeof *later);

    CHECK(*request->later == NULL);
    later->admin = request->admin;
    later->connection = request->connection;
    later->lost = lost;
    later->context = context;
    admin_answer_init(&later->answer);
    list_append(&request->admin->waiting, &later->in_waiting);
    *request->later = later;
    return later;
}

/* libmicrohttpd comes back for the answer. */
static void later_wake(struct admin_later *later)
{
    list_remove(&later->in_waiting);
    later->lost = NULL;
    MHD_resume_connection(later->connection);
}

void admin_later_send(struct admin_later **later, struct admin_answer *answer)
{
    struct admin_later *woken = *later;

    *later = NULL;
    woken->answer.status = answer->status;
    woken->answer.type = answer->type;
    sendq_move(&woken->answer.body, &answer->body);
    later_wake(woken);
    reactor_timer_start(&woken->admin->timer, 0);
}

/* The connection has its answer, or is gone. */
static void admin_on_end(void *context UNUSED, struct MHD_Connection *connection UNUSED,
                         void **request, enum MHD_RequestTerminationCode how UNUSED)
{
    struct admin_later *later = *request;

    *request = NULL;
    if (later == NULL) {
        return;
    }
    if (later->lost != NULL) {
        later->lost(later->context);
    }
    list_remove(&later->in_waiting);
    sendq_clear(&later->answer.body);
    free(later);
}

/* Called first when the headers are there: answering then means that the body of a request, if it
 * has one, is never read. And again for a connection that was suspended, with its answer. */
/* lint: the parameters are libmicrohttpd's */
static enum MHD_Result admin_on_request(void *context, struct MHD_Connection *connection,
                                        const char *path, const char *method,
                                        const char *version UNUSED, const char *upload UNUSED,
                                        size_t *upload_size UNUSED, void **request)
{
    struct admin_later *later = *request;
    struct admin_request asked = {
        .admin = context, .connection = connection, .path = path, .later = &later};
    struct admin_answer answer;
    enum MHD_Result refusal;

    if (later != NULL) {
        return admin_answer_send(&later->answer, &asked);
    }
    if (asked.admin->site.rules != NULL) {
        asked.rules = asked.admin->site.rules(asked.admin->site.context);
    }
    asked.is_open = admin_door_is_open(path, asked.rules.has_open_metrics);
    if (!asked.is_open &&
        !admin_entry_admits(asked.admin->site.secrets, connection, path, &refusal)) {
        return refusal;
    }
    asked.is_known = method_of(method, &asked.method);
    admin_answer_init(&answer);
    admin_answer_request(&asked.admin->site, &asked, &answer);
    if (later != NULL) {
        sendq_clear(&answer.body);
        *request = later;
        MHD_suspend_connection(connection);
        return MHD_YES;
    }
    enum MHD_Result result = admin_answer_send(&answer, &asked);
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
    const struct admin_secrets *secrets = admin->site.secrets;
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem entry[ADMIN_ENTRY_OPTIONS];

    admin_entry_options(secrets, entry);
    return MHD_start_daemon(
        flags | admin_entry_flags(secrets), 0, NULL, NULL, admin_on_request, admin,
        MHD_OPTION_EXTERNAL_LOGGER, admin_on_log, NULL, MHD_OPTION_LISTEN_SOCKET, admin->listener,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_NOTIFY_COMPLETED, admin_on_end, NULL, MHD_OPTION_ARRAY, entry, MHD_OPTION_END);
}

static bool admin_open(struct admin *admin, const struct address *listen)
{
    enum socket_file file;
    char text[sizeof *listen];

    address_print(listen, text, sizeof text);
    admin->listener = inherited_take(&(struct listening_wish){"admin", listen}, &file);
    if (admin->listener < 0) {
        admin->listener = socket_listen(listen, BACKLOG);
    }
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
                        const struct admin_site *site)
{
    struct admin *admin = memory_new(1, sizeof *admin);

    admin->reactor = reactor;
    admin->site = *site;
    list_init(&admin->waiting);
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

int admin_descriptor(const struct admin *admin)
{
    return admin->listener;
}

void admin_stop_accepting(struct admin *admin)
{
    MHD_socket listener = MHD_quiesce_daemon(admin->daemon);

    if (listener != MHD_INVALID_SOCKET) {
        close(listener);
    }
}

bool admin_is_busy(const struct admin *admin)
{
    const union MHD_DaemonInfo *found =
        MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return found != NULL && found->num_connections > 0;
}

uint16_t admin_port(const struct admin *admin)
{
    return socket_port(admin->listener);
}

/* libmicrohttpd does not close what is suspended. */
static void admin_wake_all(struct admin *admin)
{
    while (!list_is_empty(&admin->waiting)) {
        struct admin_later *later =
            container_of(list_first(&admin->waiting), struct admin_later, in_waiting);

        if (later->lost != NULL) {
            later->lost(later->context);
        }
        later->answer.status = MHD_HTTP_SERVICE_UNAVAILABLE;
        later_wake(later);
    }
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
    admin_wake_all(gone);
    MHD_stop_daemon(gone->daemon);
    free(gone);
}
