/* A peer that keeps OpenSSL at work with what it has to say. */
#include "common/tls.h"

#include <errno.h>
#include <sys/socket.h>

#include <criterion/criterion.h>

#include "tests/support/tls_peer.h"
#include "tests/unit/common/tls_pair.h"

static struct tls_peer *peer;

static void set_up(void)
{
    tls_pair_set_up();
    use(server_settings(), client_settings());
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.fds), 0);
}

static void shake_hands_with_peer(struct tls *tls)
{
    bool is_over = false;

    for (int i = 0; i < TURNS_MAX && !(is_over && tls_is_ready(tls)); i++) {
        is_over = tls_peer_shake_hands(peer);
        cr_assert_neq(tls_handshake(tls), SOCKET_ERROR, "%s", tls_problem(tls));
    }
    cr_assert(is_over && tls_is_ready(tls));
}

static void accept_peer(void)
{
    pair.server = tls_accept(server_context, pair.fds[1]);
    peer = tls_peer_new(TLS_CLIENT, pair.fds[0], NULL);
    shake_hands_with_peer(pair.server);
}

static void connect_to_peer(struct tls_memory *memory)
{
    const struct tls_server server = {.expected = "localhost", .memory = memory};

    pair.client = tls_connect(client_context, pair.fds[0], &server);
    peer = tls_peer_new(TLS_SERVER, pair.fds[1], pki);
    shake_hands_with_peer(pair.client);
}

static void clean_up(void)
{
    tls_peer_free(&peer);
    tls_pair_clean_up();
}

TestSuite(tls_flood, .init = set_up, .fini = clean_up, .timeout = 60);

/* Reads all that the peer sends, and returns how it ended; *sum is how many bytes that was. */
static enum socket_result read_all(struct tls *tls, size_t *sum)
{
    static char heard[64 * 1024];
    enum socket_result result;
    bool is_sent;

    *sum = 0;
    do {
        size_t size = 0;

        is_sent = tls_peer_send(peer);
        result = tls_read(tls, heard, sizeof heard, &size);
        *sum += size;
    } while (result == SOCKET_OK || (result == SOCKET_AGAIN && !is_sent));
    return result;
}

Test(tls_flood, new_keys_now_and_then_are_none)
{
    size_t sum;

    accept_peer();
    for (size_t i = 0; i < 100; i++) {
        tls_peer_change_keys(peer, 8, TLS_PEER_CHANGES_ALONE);
        tls_peer_say(peer, SPAN("x"));
        cr_expect_eq(read_all(pair.server, &sum), SOCKET_AGAIN, "%s", tls_problem(pair.server));
        cr_expect_eq(sum, 1);
    }
}

static void expect_is_refused(void)
{
    size_t sum;

    cr_expect_eq(read_all(pair.server, &sum), SOCKET_ERROR);
    cr_expect_eq(errno, EPROTO);
    cr_expect_str_eq(tls_problem(pair.server), "the peer changes its keys all the time");
    cr_expect_lt(sum, 100);
}

Test(tls_flood, of_new_keys_is_a_failure)
{
    accept_peer();
    tls_peer_change_keys(peer, 20000, TLS_PEER_CHANGES_ALONE);
    tls_peer_say(peer, SPAN("x"));
    expect_is_refused();
}

Test(tls_flood, of_new_keys_between_bytes_is_a_failure)
{
    accept_peer();
    for (size_t i = 0; i < 100; i++) {
        tls_peer_change_keys(peer, 1, TLS_PEER_CHANGES_ALONE);
        tls_peer_say(peer, SPAN("x"));
    }
    expect_is_refused();
}

static void expect_nothing_comes_of_one_read(void)
{
    char heard[16];
    size_t size = 0;

    cr_expect_eq(tls_read(pair.client, heard, sizeof heard, &size), SOCKET_AGAIN);
    cr_expect_eq(tls_read_awaits(pair.client), TLS_AWAITS_READABLE);
    cr_expect_not(tls_has_more(pair.client));
}

/* There is nothing to be read among what the server says first. */
Test(tls_flood, of_tickets_is_not_read_in_one_go)
{
    struct tls_memory memory = {.session = NULL};
    size_t sum = 0;

    connect_to_peer(&memory);
    tls_peer_give_tickets(peer, 500);
    tls_peer_say(peer, SPAN("x"));
    (void)tls_peer_send(peer);

    size_t unread = socket_unread(pair.fds[0]);

    cr_assert_gt(unread, 100 * 1000);
    expect_nothing_comes_of_one_read();
    cr_expect_lt(socket_unread(pair.fds[0]), unread);
    cr_expect_gt(socket_unread(pair.fds[0]), 0, "the kernel tells of the rest");
    cr_expect_eq(read_all(pair.client, &sum), SOCKET_AGAIN, "%s", tls_problem(pair.client));
    cr_expect_eq(sum, 1);
    tls_memory_clear(&memory);
}
