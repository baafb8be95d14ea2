/* Answers that come later than they are asked for. */
#include "proxy/admin.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mailbox.h"
#include "common/memory.h"
#include "config/admin_secrets.h"

enum { ASKERS = 5, PATIENCE_S = 20 };

static struct reactor *reactor;
static struct mailbox *mailbox;
static struct admin *admin;
static pthread_t control;
static uint16_t port;

static struct admin_later *waiting[ASKERS];
static _Atomic int waiting_count;
static _Atomic int lost_count;

static void on_lost(void *context)
{
    cr_assert_eq(context, &lost_count);
    lost_count++;
}

static void serve_later(void *context UNUSED, const struct admin_request *request,
                        struct admin_answer *answer)
{
    sendq_append(&answer->body, SPAN("never seen"));
    waiting[waiting_count] = admin_answer_later(request, on_lost, &lost_count);
    waiting_count++;
}

static const struct admin_route routes[] = {{ADMIN_GET, "/later", serve_later, NULL}};
static const struct admin_site site = {.routes = routes, .route_count = ARRAY_LEN(routes)};

static void *run(void *context UNUSED)
{
    reactor_run(reactor);
    return NULL;
}

static void post(void (*deliver)(struct message *message))
{
    struct message *message = memory_new(1, sizeof *message);

    message->deliver = deliver;
    message->drop = deliver;
    mailbox_post(mailbox, message);
}

/* The last one who asked is the first to be answered. */
static void answer_all(struct message *message)
{
    free(message);
    while (waiting_count > 0) {
        struct admin_answer answer;

        waiting_count--;
        admin_answer_init(&answer);
        answer.type = ADMIN_JSON;
        sendq_print(&answer.body, "[%d]", (int)waiting_count);
        admin_later_send(&waiting[waiting_count], &answer);
    }
}

static void stop(struct message *message)
{
    free(message);
    reactor_stop(reactor);
}

static void set_up(void)
{
    struct address any;

    signal(SIGPIPE, SIG_IGN);
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    cr_assert_eq(address_set(&any, SPAN("127.0.0.1"), 0), ADDRESS_OK);
    reactor = reactor_new();
    mailbox = mailbox_new(reactor);
    admin = admin_new(reactor, &any, &site, &(struct admin_secrets){.token = NULL});
    cr_assert_neq(admin, NULL);
    port = admin_port(admin);
    cr_assert_eq(pthread_create(&control, NULL, run, NULL), 0);
}

static void end(void)
{
    if (admin != NULL) {
        post(stop);
        pthread_join(control, NULL);
        admin_free(&admin);
    }
}

static void tear_down(void)
{
    end();
    mailbox_free(&mailbox);
    reactor_free(&reactor);
}

TestSuite(admin_later, .init = set_up, .fini = tear_down, .timeout = 60);

static int ask(const char *path)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    dprintf(fd, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    return fd;
}

/* All that comes until the connection is closed. */
static const char *hear(int fd)
{
    static char answer[65536];
    size_t size = 0;
    ssize_t count;

    while ((count = recv(fd, answer + size, sizeof answer - 1 - size, 0)) > 0) {
        size += (size_t)count;
    }
    cr_expect_eq(count, 0);
    answer[size] = '\0';
    close(fd);
    return answer;
}

/* In the order in which they asked, each when the one before has been served. */
static void begin(int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        fds[i] = ask("/later");
        while (waiting_count == i) {
            usleep(1000);
        }
    }
}

Test(admin_later, each_gets_its_own_answer)
{
    int fds[ASKERS];

    begin(fds, ASKERS);
    post(answer_all);
    for (int i = 0; i < ASKERS; i++) {
        const char *answer = hear(fds[i]);
        char expected[32];

        snprintf(expected, sizeof expected, "\r\n\r\n[%d]", i);
        cr_expect_eq(strncmp(answer, "HTTP/1.1 200", 12), 0, "%s", answer);
        cr_expect_neq(strstr(answer, expected), NULL, "%s", answer);
        cr_expect_neq(strstr(answer, "application/json"), NULL);
    }
    cr_expect_eq(lost_count, 0);
}

Test(admin_later, others_are_served_meanwhile)
{
    int fds[1];

    begin(fds, 1);
    cr_expect_neq(strstr(hear(ask("/help")), "slotway"), NULL);
    post(answer_all);
    cr_expect_neq(strstr(hear(fds[0]), "[0]"), NULL);
}

Test(admin_later, an_asker_who_has_left_does_no_harm)
{
    int fds[2];

    begin(fds, 2);
    close(fds[0]);
    post(answer_all);
    cr_expect_neq(strstr(hear(fds[1]), "[1]"), NULL);
    cr_expect_neq(strstr(hear(ask("/help")), "slotway"), NULL);
}

Test(admin_later, who_waits_at_the_end_is_told_and_so_is_who_was_to_answer)
{
    int fds[2];

    begin(fds, 2);
    end();
    cr_expect_eq(lost_count, 2);
    close(fds[0]);
    close(fds[1]);
}

Test(admin_later, every_answer_keeps_browsers_from_mischief)
{
    const char *answer = hear(ask("/help"));

    cr_expect_neq(strstr(answer, "Content-Security-Policy: default-src 'none'; script-src 'self'"),
                  NULL);
    cr_expect_neq(strstr(answer, "frame-ancestors 'none'"), NULL);
    cr_expect_neq(strstr(answer, "X-Frame-Options: DENY"), NULL);
    cr_expect_neq(strstr(answer, "X-Content-Type-Options: nosniff"), NULL);
}
