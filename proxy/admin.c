#include "proxy/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/inherited.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/socket.h"
#include "proxy/admin_answer.h"
#include "proxy/admin_daemon.h"
#include "proxy/admin_door.h"
#include "proxy/admin_entry.h"

enum { BACKLOG = 64, REQUEST_US = 10 * US_PER_SECOND };

struct admin {
    struct reactor *reactor;
    struct admin_site site;
    int listener;
    uint16_t port;
    struct admin_daemon_work work;
    struct admin_daemon *daemon; /* that accepts; NULL: nobody does any more */
    struct admin_daemon *next;   /* prepared; NULL */
    struct list leaving;         /* of other daemons */
    struct list waiting;         /* struct admin_later that have no answer yet */
};

/* A connection that is suspended until its answer is there. */
struct admin_later {
    struct list_link in_waiting;
    struct admin_daemon *daemon;
    struct MHD_Connection *connection;
    void (*lost)(void *context);
    void *context;
    struct admin_answer answer;
};

static struct admin *admin_of(const struct admin_daemon *daemon)
{
    return daemon->work->context;
}

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
    later->daemon = request->daemon;
    later->connection = request->connection;
    later->lost = lost;
    later->context = context;
    admin_answer_init(&later->answer);
    list_append(&admin_of(request->daemon)->waiting, &later->in_waiting);
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
    admin_daemon_wake(woken->daemon);
}

/* The connection has its answer, or is gone. */
static void admin_on_end(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode how UNUSED)
{
    struct admin_daemon *daemon = context;
    struct admin_later *later = *request;

    admin_guests_on_end(&daemon->guests, connection);
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

/* Of today, also for who came when others were in use. */
static const struct admin_secrets *admin_secrets_now(const struct admin_daemon *daemon)
{
    const struct admin_daemon *accepting = admin_of(daemon)->daemon;

    return accepting == NULL ? &daemon->secrets : &accepting->secrets;
}

/* Called first when the headers are there: answering then means that the body of a request, if it
 * has one, is never read. And again for a connection that was suspended, with its answer. */
/* lint: the parameters are libmicrohttpd's */
static enum MHD_Result admin_on_request(void *context, struct MHD_Connection *connection,
                                        const char *path, const char *method,
                                        const char *version UNUSED, const char *upload UNUSED,
                                        size_t *upload_size UNUSED, void **request)
{
    struct admin_daemon *daemon = context;
    struct admin *admin = admin_of(daemon);
    const struct admin_secrets *secrets = admin_secrets_now(daemon);
    struct admin_later *later = *request;
    struct admin_request asked = {
        .daemon = daemon, .connection = connection, .path = path, .later = &later};
    struct admin_answer answer;
    enum MHD_Result refusal;

    if (later != NULL) {
        return admin_answer_send(&later->answer, &asked);
    }
    admin_guests_on_request(&daemon->guests, connection);
    if (admin->site.rules != NULL) {
        asked.rules = admin->site.rules(admin->site.context);
    }
    asked.wants_token = secrets->token != NULL;
    asked.is_open = admin_door_is_open(path, asked.rules.has_open_metrics);
    if (!asked.is_open && !admin_entry_admits(secrets, connection, path, &refusal)) {
        return refusal;
    }
    asked.is_known = method_of(method, &asked.method);
    admin_answer_init(&answer);
    admin_answer_request(&admin->site, &asked, &answer);
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

/* libmicrohttpd does not close what is suspended. */
static void later_give_up(struct admin_later *later)
{
    if (later->lost != NULL) {
        later->lost(later->context);
    }
    later->answer.status = MHD_HTTP_SERVICE_UNAVAILABLE;
    later_wake(later);
}

/* All are gone who were there, or they took too long. */
static void admin_on_left(struct admin_daemon *daemon)
{
    LIST_EACH_SAFE (link, &admin_of(daemon)->waiting) {
        struct admin_later *later = container_of(link, struct admin_later, in_waiting);

        if (later->daemon == daemon) {
            later_give_up(later);
        }
    }
    list_remove(&daemon->in_leaving);
    admin_daemon_free(&daemon);
}

static bool admin_listen(struct admin *admin, const struct address *listen)
{
    enum socket_file file;
    char text[sizeof *listen];

    admin->listener = inherited_take(&(struct listening_wish){"admin", listen}, &file);
    if (admin->listener < 0) {
        admin->listener = socket_listen(listen, BACKLOG);
    }
    if (admin->listener < 0) {
        address_print(listen, text, sizeof text);
        log_error("admin page cannot listen", "address=%s error=%s", text,
                  socket_listen_text(listen, errno));
        return false;
    }
    admin->port = socket_port(admin->listener);
    return true;
}

/* `secrets` are taken, or cleared. */
static bool admin_open(struct admin *admin, const struct address *listen,
                       struct admin_secrets *secrets)
{
    char text[sizeof *listen];
    struct endpoint local;

    if (!admin_listen(admin, listen)) {
        admin_secrets_clear(secrets);
        return false;
    }
    admin->daemon = admin_daemon_new(admin->reactor, admin->listener, secrets, &admin->work);
    if (admin->daemon == NULL) {
        address_print(listen, text, sizeof text);
        log_error("admin page cannot start", "address=%s", text);
        close(admin->listener);
        return false;
    }
    socket_local(admin->listener, &local);
    log_info("admin page listens", "address=%s", endpoint_print(&local, text, sizeof text));
    return true;
}

struct admin *admin_new(struct reactor *reactor, const struct address *listen,
                        const struct admin_site *site, struct admin_secrets *secrets)
{
    struct admin *admin = memory_new(1, sizeof *admin);

    admin->reactor = reactor;
    admin->site = *site;
    admin->work = (struct admin_daemon_work){
        .on_request = admin_on_request,
        .on_end = admin_on_end,
        .on_left = admin_on_left,
        .context = admin,
        .request_us = site->request_us == 0 ? REQUEST_US : site->request_us,
    };
    list_init(&admin->leaving);
    list_init(&admin->waiting);
    if (!admin_open(admin, listen, secrets)) {
        free(admin);
        return NULL;
    }
    return admin;
}

int admin_descriptor(const struct admin *admin)
{
    return admin->listener;
}

static void admin_let_go(struct admin *admin, struct admin_daemon *daemon)
{
    list_append(&admin->leaving, &daemon->in_leaving);
    admin_daemon_leave(daemon);
}

bool admin_prepare(struct admin *admin, struct admin_secrets *secrets)
{
    admin_undo(admin);
    if (admin->daemon == NULL || admin_secrets_are_same(&admin->daemon->secrets, secrets)) {
        admin_secrets_clear(secrets);
        return true;
    }
    admin->next = admin_daemon_new(admin->reactor, admin->listener, secrets, &admin->work);
    return admin->next != NULL;
}

void admin_commit(struct admin *admin)
{
    if (admin->next != NULL) {
        admin_let_go(admin, admin->daemon);
        admin->daemon = admin->next;
        admin->next = NULL;
    }
}

void admin_undo(struct admin *admin)
{
    admin_daemon_free(&admin->next);
}

void admin_stop_accepting(struct admin *admin)
{
    if (admin->daemon != NULL) {
        admin_let_go(admin, admin->daemon);
        admin->daemon = NULL;
        close(admin->listener);
        admin->listener = -1;
    }
}

bool admin_is_answering(const struct admin *admin)
{
    return !list_is_empty(&admin->leaving);
}

uint16_t admin_port(const struct admin *admin)
{
    return admin->port;
}

static void admin_wake_all(struct admin *admin)
{
    while (!list_is_empty(&admin->waiting)) {
        later_give_up(container_of(list_first(&admin->waiting), struct admin_later, in_waiting));
    }
}

void admin_free(struct admin **admin)
{
    struct admin *gone = *admin;

    *admin = NULL;
    if (gone == NULL) {
        return;
    }
    admin_wake_all(gone);
    LIST_EACH_SAFE (link, &gone->leaving) {
        struct admin_daemon *daemon = container_of(link, struct admin_daemon, in_leaving);

        admin_on_left(daemon);
    }
    admin_daemon_free(&gone->daemon);
    if (gone->listener >= 0) {
        close(gone->listener);
    }
    free(gone);
}
