/* admin.h - HTTP on the admin port: for monitoring, for probes, and for operators' commands.
 *
 *      GET /metrics ──> is there a route of that path and method? ──> route->serve ──> answer
 *                            └─ no: 404, or 405 with the methods that it has
 *      POST /reload ──> may the sender? admin_guard.h ─> no: 403
 *
 * What can be asked for is a table of routes that who makes the page hands in. "/help" lists them,
 * and so does "/" unless a route has it.
 *
 * libmicrohttpd without a thread of its own: its epoll descriptor is one more in the reactor of the
 * control thread, which calls all of this. Connections are few, short-lived and closed after each
 * answer, so that nobody on the network can take the thread's time or memory. The body of a request
 * is never read: what there is to say is said in the path and its query.
 */
#ifndef PROXY_ADMIN_H
#define PROXY_ADMIN_H

#include "common/address.h"
#include "common/reactor.h"
#include "common/sendq.h"

#define ADMIN_TEXT    "text/plain; charset=utf-8"
#define ADMIN_JSON    "application/json"
#define ADMIN_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct admin;
struct admin_secrets;
struct admin_request;
struct admin_later;

/* GET is also for HEAD, whose answer has its body taken off. */
enum admin_method { ADMIN_GET, ADMIN_POST };

/* Starts as 200, ADMIN_TEXT and empty. */
struct admin_answer {
    unsigned status;  /* HTTP's */
    const char *type; /* of the body; lives for ever */
    struct sendq body;
};

/* Answers one request, on the control thread. */
typedef void admin_serve(void *context, const struct admin_request *request,
                         struct admin_answer *answer);

struct admin_route {
    enum admin_method method;
    const char *path;
    admin_serve *serve;
    const char *help; /* one line of the list; NULL: not in there */
};

/* Whom it answers, as far as that may change; strings for the moment. */
struct admin_rules {
    const char *hosts;     /* admin.hosts */
    bool has_open_metrics; /* admin.open_metrics */
};

/* What is served; context and routes are borrowed until the page is freed. */
struct admin_site {
    void *context; /* for the routes' serve */
    const struct admin_route *routes;
    size_t route_count;
    struct admin_rules (*rules)(void *context); /* of now; NULL: those of zeroed memory */
    uint64_t request_us; /* how long a request may take to come; 0: ten seconds */
};

/* Listens, on an inherited socket if one fits, and serves from now on; copies `site`, not its
 * routes, and takes what is in `secrets`. NULL, after an error in the log, when `listen` cannot be
 * listened on. */
struct admin *admin_new(struct reactor *reactor, const struct address *listen,
                        const struct admin_site *site, struct admin_secrets *secrets) MUST_USE;

/* Others instead, in two steps, of which the second cannot fail. Prepare takes what is in
 * `secrets`; false when libmicrohttpd cannot start with it. After commit everybody needs the new
 * token, and who comes sees the new certificate; after undo all is as before. */
bool admin_prepare(struct admin *admin, struct admin_secrets *secrets) MUST_USE;
void admin_commit(struct admin *admin);
void admin_undo(struct admin *admin);

/* Its listening socket, lent. */
int admin_descriptor(const struct admin *admin);

/* Answers who is there already, and nobody else: another process listens on the socket from now
 * on. */
void admin_stop_accepting(struct admin *admin);

/* After that: is anybody there? */
bool admin_is_answering(const struct admin *admin);

/* The port that it got, for a `listen` with port 0. */
uint16_t admin_port(const struct admin *admin);

/* Closes the listener and all connections. */
void admin_free(struct admin **admin);

/* For routes: the path; what the query says of `name`, "" for one without a value, NULL for none;
 * and a header, or NULL. Lent until the answer is made. */
const char *admin_request_path(const struct admin_request *request);
const char *admin_request_argument(const struct admin_request *request, const char *name);
const char *admin_request_header(const struct admin_request *request, const char *name);

/* For routes: `yes` instead of what the body has so far, which are the reasons why not; or 503 and
 * these. */
void admin_answer_whether(struct admin_answer *answer, bool is_yes, struct span yes);

/* For routes that must ask others first: what serve() leaves in its answer is dropped, and the
 * request waits. Either admin_later_send() is called, or `lost`, with `context`, when nobody waits
 * any more. */
struct admin_later *admin_answer_later(const struct admin_request *request,
                                       void (*lost)(void *context), void *context) MUST_USE;

/* Sends the answer, whose body is taken; takes the pointer. */
void admin_later_send(struct admin_later **later, struct admin_answer *answer);

void admin_answer_init(struct admin_answer *answer); /* as it starts */

#endif
