/* A client over TLS whose other end does what OpenSSL allows and few do. */
#include "proxy/downstream/encrypted.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/downstream/client_watch.h"
#include "proxy/downstream/drain.h"
#include "tests/support/tls_peer.h"
#include "tests/unit/proxy/downstream/local_rig.h"

enum { TURNS_MAX = 10000 };

static struct pki *pki;
static struct local_rig *rig;
static struct client *client;
static struct tls_peer *peer;
static int fds[2]; /* ours, the peer's */

static struct client *open_client(void)
{
    const struct tls_settings settings = {.kind = TLS_SERVER,
                                          .certificate = pki_path(pki, "server.pem"),
                                          .key = pki_path(pki, "server.key")};
    struct tls_fault fault;
    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_assert_not_null(context, "%s", fault.text);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    rig->house.client_count++;
    rig->workers[0].load++;

    struct client *opened = client_open(&rig->workers[0].clients, fds[0], context);

    tls_context_release(&context);
    return opened;
}

/* Until `expected` has come. */
static void expect_hears(const char *expected)
{
    char heard[256];
    size_t sum = 0;

    for (int i = 0; i < TURNS_MAX && sum < strlen(expected); i++) {
        size_t size = 0;

        cr_assert(tls_peer_hear(peer, heard + sum, sizeof heard - sum, &size));
        sum += size;
        local_rig_turn(rig);
    }
    cr_expect_eq(sum, strlen(expected));
    cr_expect_arr_eq(heard, expected, sum);
}

static void say(const char *text)
{
    tls_peer_say(peer, span_of(text));
    cr_assert(tls_peer_send(peer));
    local_rig_turn(rig);
}

static void set_up(void)
{
    bool is_over = false;

    signal(SIGPIPE, SIG_IGN);
    pki = pki_new();
    pki_make_usual(pki);
    rig = local_rig_open(NULL);
    client = open_client();
    peer = tls_peer_new(TLS_CLIENT, fds[1], NULL);
    for (int i = 0; i < TURNS_MAX && !is_over; i++) {
        is_over = tls_peer_shake_hands(peer);
        local_rig_turn(rig);
    }
    cr_assert(is_over);
    say("PING\r\n");
    expect_hears("+PONG\r\n");
}

static void clean_up(void)
{
    tls_peer_free(&peer);
    close(fds[1]);
    rig->workers[0].clients.drain.is_on = false;
    local_rig_close(&rig);
    pki_free(&pki);
}

TestSuite(encrypted, .init = set_up, .fini = clean_up, .timeout = 30);

/* Returns how many bytes that nobody can decrypt are before what the client is told next. */
static size_t leave_no_room(void)
{
    static const char junk[4096];
    size_t size = 0;
    ssize_t sent;

    while ((sent = send(fds[0], junk, sizeof junk, 0)) > 0) {
        size += (size_t)sent;
    }
    return size;
}

static void make_room(size_t size)
{
    char bytes[4096];

    while (size > 0) {
        ssize_t heard = recv(fds[1], bytes, size_min(size, sizeof bytes), 0);

        cr_assert_gt(heard, 0);
        size -= (size_t)heard;
    }
}

/* It has asked for new keys, which it gets before any reply; nothing is read meanwhile. */
Test(encrypted, client_that_leaves_no_room_for_new_keys_does_not_keep_the_thread_busy)
{
    tls_peer_change_keys(peer, 1, TLS_PEER_WANTS_THE_SAME);
    cr_assert(tls_peer_send(peer));
    local_rig_turn(rig);

    size_t junk = leave_no_room();

    say("PING\r\n");
    say("PING\r\n");
    cr_expect_eq(client_watched(client), EV_WRITE);
    make_room(junk);
    local_rig_turn(rig);
    expect_hears("+PONG\r\n+PONG\r\n");
    cr_expect_eq(client_watched(client), EV_READ);
}

/* It is with OpenSSL, which takes all that a socket has. */
Test(encrypted, client_of_which_half_a_record_has_come_is_not_idle)
{
    const struct drain_plan at_once = {0, 3600ull * US_PER_SECOND};
    char record[64];

    tls_peer_say(peer, SPAN("PING\r\n"));

    size_t size = tls_peer_take(peer, record, sizeof record);

    cr_assert_eq(send(fds[1], record, size / 2, 0), (ssize_t)(size / 2));
    local_rig_turn(rig);
    cr_assert_eq(socket_unread(fds[0]), 0);
    cr_expect(client_has_unread(client));
    client->session.last_active = 0;
    drain_begin(&rig->workers[0].clients, &at_once);
    local_rig_turn(rig);
    cr_assert_eq(rig->workers[0].clients.count, 1);
    cr_assert_eq(send(fds[1], record + size / 2, size - size / 2, 0), (ssize_t)(size - size / 2));
    local_rig_turn(rig);
    expect_hears("+PONG\r\n");
}

Test(encrypted, client_of_which_all_was_read_is_idle)
{
    cr_expect_not(client_has_unread(client));
}
