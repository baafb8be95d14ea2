/* A node that has asked for new keys is answered before anything else is sent or read. So while the
 * socket has no room for that answer, reading waits for writing. */
#include "proxy/upstream/node_socket.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/support/tls_peer.h"

enum { TURNS_MAX = 1000, PATIENCE_US = 10 * US_PER_SECOND, A_WHILE_US = 20 * US_PER_MS };

static struct pki *pki;
static struct reactor *reactor;
static struct node_socket node_socket;
static struct tls_peer *node;
static int fds[2]; /* ours, the node's */
static struct intake intake;
static struct inbound inbound;
static struct sendq output;
static size_t looks; /* how often somebody was told that there is something to be read */

static void on_readable(struct ev_loop *loop UNUSED, ev_io *watcher UNUSED, int events UNUSED)
{
    size_t received = 0;
    enum socket_result result = node_socket_read(&node_socket, &intake, &inbound, 0, &received);

    looks++;
    cr_assert(result == SOCKET_OK || result == SOCKET_AGAIN);
    if (received > 0) {
        reactor_stop(reactor);
    }
}

static enum sendq_result flush(void)
{
    size_t sent = 0;
    enum sendq_result result = node_socket_write(&node_socket, &output, &sent);

    cr_assert_neq(result, SENDQ_ERROR, "%s", tls_problem(node_socket.tls));
    if (result == SENDQ_OK) {
        node_socket_await_no_room(&node_socket);
    } else {
        node_socket_await_room(&node_socket);
    }
    return result;
}

static void on_writable(struct ev_loop *loop UNUSED, ev_io *watcher UNUSED, int events UNUSED)
{
    node_socket_on_room(&node_socket);
    (void)flush();
}

static void connect_both(void)
{
    const struct tls_settings settings = {.kind = TLS_CLIENT, .verify = TLS_VERIFY_NONE};
    const struct tls_server server = {.name = NULL};
    struct tls_fault fault;
    struct tls_context *context = tls_context_new(&settings, &fault);
    bool is_over = false;

    cr_assert_not_null(context, "%s", fault.text);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    node_socket.fd = fds[0];
    node_socket.is_connected = true;
    node_socket.tls = tls_connect(context, fds[0], &server);
    tls_context_release(&context);
    node = tls_peer_new(TLS_SERVER, fds[1], pki);
    for (int i = 0; i < TURNS_MAX && !is_over; i++) {
        cr_assert_neq(tls_handshake(node_socket.tls), SOCKET_ERROR);
        is_over = tls_peer_shake_hands(node);
    }
    cr_assert(is_over);
    ev_io_set(&node_socket.readable, fds[0], EV_READ);
    ev_io_set(&node_socket.writable, fds[0], EV_WRITE);
}

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    pki = pki_new();
    pki_make_usual(pki);
    reactor = reactor_new();
    sendq_init(&output);
    node_socket_init(&node_socket, reactor, on_readable, on_writable);
    connect_both();
}

static void clean_up(void)
{
    node_socket_close(&node_socket);
    tls_peer_free(&node);
    close(fds[1]);
    sendq_clear(&output);
    inbound_clear(&inbound);
    intake_clear(&intake);
    block_trim();
    reactor_free(&reactor);
    pki_free(&pki);
}

TestSuite(node_socket_room, .init = set_up, .fini = clean_up, .timeout = 60);

/* The node asks for new keys and says "ab", of which "a" has been read; then no room is left for
 * what we want to send, and for the new keys before it. Nobody will decrypt what fills the socket.
 */
static void leave_no_room(void)
{
    static const char junk[4096];
    char heard[1];
    size_t size = 0;

    tls_peer_change_keys(node, 1, TLS_PEER_WANTS_THE_SAME);
    tls_peer_say(node, SPAN("ab"));
    cr_assert(tls_peer_send(node));
    cr_assert_eq(tls_read(node_socket.tls, heard, sizeof heard, &size), SOCKET_OK);
    cr_assert(tls_has_more(node_socket.tls));
    while (send(fds[0], junk, sizeof junk, 0) > 0) {
    }
    sendq_append(&output, SPAN("a request"));
    cr_assert_eq(flush(), SENDQ_PARTLY);
}

static void make_room(void)
{
    char bytes[4096];

    while (recv(fds[1], bytes, sizeof bytes, 0) > 0) {
    }
}

static void on_deadline(struct reactor_timer *timer UNUSED)
{
    reactor_stop(reactor);
}

static void run_for(uint64_t time_us)
{
    struct reactor_timer deadline;

    reactor_timer_init(&deadline, reactor, on_deadline);
    reactor_timer_start(&deadline, time_us);
    reactor_run(reactor);
    reactor_timer_stop(&deadline);
}

/* What has come is with TLS already, so that no socket tells of it. */
Test(node_socket_room, a_read_that_waits_for_it_goes_on_when_another_write_has_found_it)
{
    leave_no_room();
    node_socket_let_go(&node_socket);
    run_for(A_WHILE_US);
    cr_assert_eq(inbound.size, 0);
    make_room();
    cr_assert_eq(flush(), SENDQ_OK);
    run_for(PATIENCE_US);
    cr_expect_eq(inbound.size, 1);
}

Test(node_socket_room, a_read_that_waits_for_it_goes_on_after_a_break)
{
    leave_no_room();
    node_socket_let_go(&node_socket);
    run_for(A_WHILE_US);
    node_socket_hold(&node_socket);
    make_room();
    cr_assert_eq(flush(), SENDQ_OK);
    run_for(A_WHILE_US);
    cr_assert_eq(inbound.size, 0);
    node_socket_let_go(&node_socket);
    run_for(PATIENCE_US);
    cr_expect_eq(inbound.size, 1);
}

Test(node_socket_room, what_comes_meanwhile_does_not_keep_the_thread_busy)
{
    leave_no_room();
    node_socket_let_go(&node_socket);
    tls_peer_say(node, SPAN("c"));
    cr_assert(tls_peer_send(node));
    run_for(A_WHILE_US);
    cr_expect_leq(looks, 2);
    cr_expect_eq(inbound.size, 0);
    make_room();
    run_for(PATIENCE_US);
    cr_expect_geq(inbound.size, 1);
}
