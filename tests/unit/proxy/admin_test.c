#include "proxy/admin.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mailbox.h"
#include "common/socket.h"
#include "config/admin_secrets.h"

enum { ANSWER_MAX = 4 * 1024 * 1024, PATIENCE_US = 5 * US_PER_SECOND };

static struct reactor *reactor;
static struct mailbox *mailbox;
static struct admin *admin;
static pthread_t control;
static uint16_t port;

static _Atomic bool is_unwell;
static _Atomic int orders;
static _Atomic int metric_lines = 1;
static char *answer;
static const char *host = "127.0.0.1";
static struct admin_rules rules;

static void write_metrics(void *context, const struct admin_request *request UNUSED,
                          struct admin_answer *to)
{
    cr_assert_eq(context, &metric_lines);
    to->type = ADMIN_METRICS;
    for (int line = 0; line < metric_lines; line++) {
        sendq_print(&to->body, "line_%d 1\n", line);
    }
}

static void tell_health(void *context UNUSED, const struct admin_request *request UNUSED,
                        struct admin_answer *to)
{
    sendq_print(&to->body, "worker-1 is stuck\n");
    admin_answer_whether(to, !is_unwell, SPAN("ok\n"));
}

static void tell_argument(void *context UNUSED, const struct admin_request *request,
                          struct admin_answer *to)
{
    const char *node = admin_request_argument(request, "node");
    const char *agent = admin_request_header(request, "user-agent");

    sendq_print(&to->body, "node=%s agent=%s\n", node == NULL ? "(none)" : node,
                agent == NULL ? "(none)" : agent);
}

static void count_order(void *context UNUSED, const struct admin_request *request UNUSED,
                        struct admin_answer *to)
{
    orders++;
    to->status = 400;
    sendq_print(&to->body, "it cannot be done\n");
}

static const struct admin_route routes[] = {
    {ADMIN_GET, "/metrics", write_metrics, "figures"},
    {ADMIN_GET, "/healthz", tell_health, "is it well?"},
    {ADMIN_GET, "/order", tell_argument, "what an order would be"},
    {ADMIN_POST, "/order", count_order, "an order"},
    {ADMIN_POST, "/only-post", count_order, "another"},
};

static struct admin_rules rules_of_now(void *context)
{
    cr_assert_eq(context, &metric_lines);
    return rules;
}

static const struct admin_site site = {.context = &metric_lines,
                                       .routes = routes,
                                       .route_count = ARRAY_LEN(routes),
                                       .rules = rules_of_now};

static struct address local_address(uint16_t at)
{
    struct address address;

    cr_assert_eq(address_set(&address, SPAN("127.0.0.1"), at), ADDRESS_OK);
    return address;
}

static void *run(void *context UNUSED)
{
    reactor_run(reactor);
    return NULL;
}

static void stop(struct message *message UNUSED)
{
    reactor_stop(reactor);
}

static void set_up(void)
{
    struct address any = local_address(0);

    signal(SIGPIPE, SIG_IGN);
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    reactor = reactor_new();
    mailbox = mailbox_new(reactor);
    admin = admin_new(reactor, &any, &site, &(struct admin_secrets){.token = NULL});
    cr_assert_not_null(admin);
    port = admin_port(admin);
    answer = malloc(ANSWER_MAX);
    pthread_create(&control, NULL, run, NULL);
}

static void tear_down(void)
{
    struct message message = {.deliver = stop, .drop = stop};

    mailbox_post(mailbox, &message);
    pthread_join(control, NULL);
    admin_free(&admin);
    CHECK(admin == NULL);
    mailbox_free(&mailbox);
    reactor_free(&reactor);
    free(answer);
}

TestSuite(admin, .init = set_up, .fini = tear_down, .timeout = 30);

static bool wait_for(int fd, short events)
{
    struct pollfd watched = {.fd = fd, .events = events};

    return poll(&watched, 1, PATIENCE_US / US_PER_MS) > 0;
}

static int connect_to_admin(void)
{
    struct address address = local_address(port);
    struct endpoint endpoint;

    cr_assert(address_to_endpoint(&address, &endpoint));
    int fd = socket_connect(&endpoint);
    cr_assert_geq(fd, 0);
    cr_assert(wait_for(fd, POLLOUT));
    cr_assert_eq(socket_connect_error(fd), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Until the page closes the connection. */
static void hear(int fd)
{
    size_t used = 0;

    for (;;) {
        size_t size = 0;
        cr_assert_lt(used, ANSWER_MAX - 1);
        enum socket_result result = socket_read(fd, answer + used, ANSWER_MAX - 1 - used, &size);
        used += result == SOCKET_OK ? size : 0;
        if (result == SOCKET_EOF || result == SOCKET_ERROR) {
            break;
        }
        cr_assert(result == SOCKET_OK || wait_for(fd, POLLIN), "no answer, and no end of it");
    }
    answer[used] = '\0';
    close(fd);
}

static int status(void)
{
    int number = 0;

    cr_assert_eq(sscanf(answer, "HTTP/1.1 %d", &number), 1, "%s", answer);
    return number;
}

static const char *body(void)
{
    const char *end = strstr(answer, "\r\n\r\n");

    cr_assert_not_null(end, "%s", answer);
    return end + 4;
}

static void ask(const char *method, const char *path)
{
    char request[256];
    int fd = connect_to_admin();

    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", method, path, host);
    say(fd, request);
    hear(fd);
}

Test(admin, metrics_are_what_the_hook_writes)
{
    ask("GET", "/metrics");
    cr_expect_eq(status(), 200);
    cr_expect_str_eq(body(), "line_0 1\n");
    cr_expect_not_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
}

Test(admin, many_metrics_arrive_whole)
{
    metric_lines = 100000;
    ask("GET", "/metrics");
    cr_expect_eq(status(), 200);
    cr_expect_not_null(strstr(body(), "\nline_99999 1\n"));
}

Test(admin, health_says_what_is_wrong)
{
    ask("GET", "/healthz");
    cr_expect_eq(status(), 200);
    cr_expect_str_eq(body(), "ok\n");
    is_unwell = true;
    ask("GET", "/healthz");
    cr_expect_eq(status(), 503);
    cr_expect_str_eq(body(), "worker-1 is stuck\n");
}

Test(admin, the_list_names_every_route_with_its_method)
{
    ask("GET", "/");
    cr_expect_eq(status(), 200);
    for (size_t at = 0; at < ARRAY_LEN(routes); at++) {
        cr_expect_not_null(strstr(body(), routes[at].path));
        cr_expect_not_null(strstr(body(), routes[at].help));
    }
    cr_expect_not_null(strstr(body(), "\nPOST /order "));
}

Test(admin, a_route_reads_the_query_and_the_headers)
{
    static const struct {
        const char *path;
        const char *told;
    } rows[] = {
        {"/order", "node=(none) agent=(none)\n"},
        {"/order?node=a%3A1&x=y", "node=a:1 agent=(none)\n"},
        {"/order?x=y&node=", "node= agent=(none)\n"},
        {"/order?node", "node= agent=(none)\n"},
        {"/order?nod=1&nodes", "node=(none) agent=(none)\n"},
        {"/order HTTP/1.1\r\nUser-Agent: probe\r\nX: ", "node=(none) agent=probe\n"},
    };

    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        ask("GET", rows[at].path);
        cr_expect_eq(status(), 200, "%s", rows[at].path);
        cr_expect_str_eq(body(), rows[at].told);
    }
}

Test(admin, a_post_reaches_its_route_and_the_routes_status_its_sender)
{
    ask("POST", "/order HTTP/1.1\r\nX-Slotway: 1\r\nX: ");
    cr_expect_eq(status(), 400);
    cr_expect_str_eq(body(), "it cannot be done\n");
    cr_expect_eq(orders, 1);
}

Test(admin, a_post_that_a_page_of_another_site_could_send_is_refused)
{
    static const char *const headers[] = {
        "Content-Type: application/x-www-form-urlencoded",
        "X-Slotway: 1\r\nSec-Fetch-Site: cross-site",
        "X-Slotway: 1\r\nOrigin: http://elsewhere.example",
    };

    for (size_t at = 0; at < ARRAY_LEN(headers); at++) {
        char path[256];

        snprintf(path, sizeof path, "/order HTTP/1.1\r\n%s\r\nX: ", headers[at]);
        ask("POST", path);
        cr_expect_eq(status(), 403, "%s", headers[at]);
    }
    cr_expect_eq(orders, 0);
}

Test(admin, another_name_than_it_was_told_is_refused_whoever_calls)
{
    static const char *const others[] = {"/", "/help", "/no-such-page"};

    host = "rebound.example:9180";
    ask("GET", "/metrics HTTP/1.1\r\nUser-Agent: curl/8.5.0\r\nX: ");
    cr_expect_eq(status(), 403);
    ask("POST", "/order HTTP/1.1\r\nX-Slotway: 1\r\nX: ");
    cr_expect_eq(status(), 403);
    cr_expect_eq(orders, 0);
    for (size_t at = 0; at < ARRAY_LEN(others); at++) {
        ask("GET", others[at]);
        cr_expect_eq(status(), 403, "%s", others[at]);
        cr_expect_null(strstr(body(), "/order"), "%s", body());
    }
    ask("GET", "/healthz");
    cr_expect_eq(status(), 200, "probes come by any name");
    rules.hosts = "slotway, rebound.example";
    ask("GET", "/metrics");
    cr_expect_eq(status(), 200);
    rules = (struct admin_rules){.has_open_metrics = true};
    ask("GET", "/metrics");
    cr_expect_eq(status(), 200);
    ask("GET", "/order");
    cr_expect_eq(status(), 403);
}

Test(admin, methods_that_a_path_has_are_told)
{
    static const struct {
        const char *method;
        const char *path;
        const char *allowed;
    } rows[] = {
        {"PUT", "/order", "Allow: GET, HEAD, POST\r\n"},
        {"GET", "/only-post", "Allow: POST\r\n"},
        {"POST", "/", "Allow: GET, HEAD\r\n"},
        {"DELETE", "/", "Allow: GET, HEAD\r\n"},
    };

    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        ask(rows[at].method, rows[at].path);
        cr_expect_eq(status(), 405, "%s %s", rows[at].method, rows[at].path);
        cr_expect_not_null(strstr(answer, rows[at].allowed), "%s", answer);
    }
}

Test(admin, a_query_is_ignored)
{
    ask("GET", "/healthz?verbose=1");
    cr_expect_eq(status(), 200);
}

Test(admin, other_paths_are_not_found)
{
    static const char *const paths[] = {"/metric", "/metrics/", "/../metrics", "//"};

    for (size_t at = 0; at < ARRAY_LEN(paths); at++) {
        ask("GET", paths[at]);
        cr_expect_eq(status(), 404, "%s", paths[at]);
    }
}

Test(admin, head_has_no_body)
{
    ask("HEAD", "/healthz");
    cr_expect_eq(status(), 200);
    cr_expect_str_eq(body(), "");
}

Test(admin, other_methods_are_refused)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"};

    for (size_t at = 0; at < ARRAY_LEN(methods); at++) {
        ask(methods[at], "/metrics");
        cr_expect_eq(status(), 405, "%s", methods[at]);
        cr_expect_not_null(strstr(answer, "Allow: GET, HEAD"), "%s", methods[at]);
    }
}

Test(admin, a_request_with_a_body_is_answered_without_waiting_for_it)
{
    int fd = connect_to_admin();

    say(fd, "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
    hear(fd);
    cr_expect_eq(status(), 405);
}

Test(admin, nonsense_is_refused_and_the_page_lives_on)
{
    int fd = connect_to_admin();

    say(fd, "*1\r\n$4\r\nPING\r\n\r\n");
    hear(fd);
    ask("GET", "/healthz");
    cr_expect_eq(status(), 200);
}

Test(admin, endless_headers_are_refused)
{
    int fd = connect_to_admin();
    char filler[1024];

    memset(filler, 'a', sizeof filler);
    say(fd, "GET /metrics HTTP/1.1\r\nX: ");
    for (int at = 0; at < 64; at++) {
        if (send(fd, filler, sizeof filler, MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    hear(fd);
    ask("GET", "/healthz");
    cr_expect_eq(status(), 200);
}

Test(admin, a_silent_connection_is_closed_and_many_of_them_do_not_last)
{
    enum { SILENT = 40 };
    int silent[SILENT];

    for (int at = 0; at < SILENT; at++) {
        silent[at] = connect_to_admin();
    }
    for (int at = 0; at < SILENT; at++) {
        char byte;
        size_t size;
        struct pollfd watched = {.fd = silent[at], .events = POLLIN};
        cr_expect_eq(poll(&watched, 1, 15000), 1, "connection %d", at);
        cr_expect_neq(socket_read(silent[at], &byte, 1, &size), SOCKET_OK, "connection %d", at);
        close(silent[at]);
    }
    ask("GET", "/healthz");
    cr_expect_eq(status(), 200);
}

Test(admin, an_address_that_is_taken_is_no_admin_page)
{
    struct address taken = local_address(port);

    cr_expect_null(admin_new(reactor, &taken, &site, &(struct admin_secrets){.token = NULL}));
}
