#include "proxy/upstream/node_socket.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/support/pki.h"

enum { TURNS_MAX = 1000 };

static struct pki *pki;
static struct reactor *reactor;
static struct node_socket node_socket;
static struct tls *node; /* the other end */
static int fds[2];       /* ours, the node's */
static struct intake intake;
static struct inbound inbound;
static struct turn_task flush;
static char seen[16]; /* what has happened, a letter each */

static void note(char what)
{
    cr_assert_lt(strlen(seen), sizeof seen - 1);
    seen[strlen(seen)] = what;
}

static void on_flush(struct turn_task *task UNUSED)
{
    note('f');
}

/* Reads once, as owners do, and has something to be flushed at the end of the turn. */
static void on_readable(struct ev_loop *loop UNUSED, ev_io *watcher UNUSED, int events UNUSED)
{
    size_t received;

    switch (node_socket_read(&node_socket, &intake, &inbound, 0, &received)) {
    case SOCKET_OK:
        note('r');
        reactor_flush_later(reactor, &flush);
        return;
    case SOCKET_AGAIN: return;
    case SOCKET_EOF:
    case SOCKET_ERROR:
        note('e');
        reactor_stop(reactor);
        return;
    }
}

static void on_writable(struct ev_loop *loop UNUSED, ev_io *watcher UNUSED, int events UNUSED)
{
}

static struct tls *half(const struct tls_settings *settings, int fd)
{
    struct tls_fault fault;
    struct tls_context *context = tls_context_new(settings, &fault);

    cr_assert_not_null(context, "%s", fault.text);

    struct tls *tls = settings->kind == TLS_SERVER
                          ? tls_accept(context, fd)
                          : tls_connect(context, fd, &(struct tls_server){.name = NULL});

    tls_context_release(&context);
    return tls;
}

/* What the node says of the handshake in the end. */
static enum socket_result connect_to(enum tls_verify verify)
{
    const struct tls_settings client = {.kind = TLS_CLIENT, .verify = TLS_VERIFY_NONE};
    const struct tls_settings server = {.kind = TLS_SERVER,
                                        .verify = verify,
                                        .ca_file = pki_path(pki, "ca.pem"),
                                        .certificate = pki_path(pki, "server.pem"),
                                        .key = pki_path(pki, "server.key")};
    enum socket_result result = SOCKET_AGAIN;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    node_socket.fd = fds[0];
    node_socket.is_connected = true;
    node_socket.tls = half(&client, fds[0]);
    node = half(&server, fds[1]);
    for (int i = 0; i < TURNS_MAX && result == SOCKET_AGAIN; i++) {
        cr_assert_neq(tls_handshake(node_socket.tls), SOCKET_ERROR);
        result = tls_handshake(node);
    }
    ev_io_set(&node_socket.readable, fds[0], EV_READ);
    ev_io_set(&node_socket.writable, fds[0], EV_WRITE);
    return result;
}

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    pki = pki_new();
    pki_make_usual(pki);
    reactor = reactor_new();
    flush.run = on_flush;
    node_socket_init(&node_socket, reactor, on_readable, on_writable);
    cr_assert_eq(connect_to(TLS_VERIFY_NONE), SOCKET_OK, "%s", tls_problem(node));
}

static void hang_up(void)
{
    node_socket_close(&node_socket);
    tls_free(&node);
    close(fds[1]);
}

static void clean_up(void)
{
    hang_up();
    inbound_clear(&inbound);
    intake_clear(&intake);
    block_trim();
    reactor_free(&reactor);
    pki_free(&pki);
}

TestSuite(node_socket, .init = set_up, .fini = clean_up, .timeout = 60);

static void node_says_its_last(const char *text)
{
    size_t sent;

    cr_assert_eq(tls_write(node, text, strlen(text), &sent), SOCKET_OK, "%s", tls_problem(node));
    tls_say_goodbye(node);
}

Test(node_socket, what_tls_keeps_to_itself_waits_until_others_had_their_turn)
{
    node_says_its_last("x");
    node_socket_let_go(&node_socket);
    reactor_run(reactor);
    cr_expect_str_eq(seen, "rfe");
}

static void on_deadline(struct reactor_timer *timer UNUSED)
{
    reactor_stop(reactor);
}

Test(node_socket, what_is_held_is_not_read_in_the_next_turn_either)
{
    struct reactor_timer deadline;

    node_says_its_last("x");
    node_socket_let_go(&node_socket);
    on_readable(reactor->loop, &node_socket.readable, EV_READ);
    node_socket_hold(&node_socket);
    reactor_timer_init(&deadline, reactor, on_deadline);
    reactor_timer_start(&deadline, 1000);
    reactor_run(reactor);
    cr_expect_str_eq(seen, "rf");
    node_socket_let_go(&node_socket);
    reactor_run(reactor);
    cr_expect_str_eq(seen, "rfe");
}

/* With TLS 1.3 it looks at our certificate when we may speak already. */
Test(node_socket, what_a_node_has_said_before_it_went_is_why_a_write_fails)
{
    struct sendq request;
    size_t size = 0;

    hang_up();
    cr_assert_eq(connect_to(TLS_VERIFY_REQUIRED), SOCKET_ERROR);
    close(fds[1]);
    sendq_init(&request);
    sendq_append(&request, SPAN("PING\r\n"));
    cr_assert_eq(node_socket_write(&node_socket, &request, &size), SENDQ_ERROR);
    node_socket.error = errno;
    cr_expect_eq(node_socket_blame(&node_socket, CLOSE_WRITE_FAILED), CLOSE_WRITE_FAILED);
    cr_expect_eq(node_socket_read(&node_socket, &intake, &inbound, 0, &size), SOCKET_ERROR);
    cr_expect_eq(node_socket_blame(&node_socket, CLOSE_WRITE_FAILED), CLOSE_TLS_FAILED);
    cr_expect_str_eq(node_socket_problem(&node_socket, CLOSE_TLS_FAILED),
                     "the peer refuses: tlsv13 alert certificate required");
    sendq_clear(&request);
    fds[1] = -1;
}
