#include "common/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/common/tls_pair.h"

TestSuite(tls, .init = tls_pair_set_up, .fini = tls_pair_clean_up, .timeout = 60);

static void say(struct tls *tls, const char *text)
{
    size_t sent = 0;

    cr_assert_eq(tls_write(tls, text, strlen(text), &sent), SOCKET_OK, "%s", tls_problem(tls));
    cr_assert_eq(sent, strlen(text));
}

static void expect_hears(struct tls *tls, const char *text)
{
    char heard[256];
    size_t size = 0;

    cr_assert_eq(tls_read(tls, heard, sizeof heard, &size), SOCKET_OK, "%s", tls_problem(tls));
    cr_expect_eq(size, strlen(text));
    cr_expect_arr_eq(heard, text, size);
}

Test(tls, carries_bytes_both_ways)
{
    connect_usual();
    cr_expect(tls_is_ready(pair.client) && tls_is_ready(pair.server));
    say(pair.client, "to the server");
    expect_hears(pair.server, "to the server");
    say(pair.server, "to the client");
    expect_hears(pair.client, "to the client");
    cr_expect_str_eq(tls_version(pair.server), "TLSv1.3");
    cr_expect_str_neq(tls_cipher(pair.server), "");
    cr_expect_str_eq(tls_problem(pair.server), "");
}

Test(tls, reading_and_writing_shake_hands_by_themselves)
{
    size_t size = 0;
    char heard[16];
    enum socket_result result = SOCKET_AGAIN;

    use(server_settings(), client_settings());
    open_pair((struct tls_server){.expected = "127.0.0.1"});
    cr_expect_eq(tls_write(pair.client, "ping", 4, &size), SOCKET_AGAIN);
    cr_expect_eq(tls_write_awaits(pair.client), TLS_AWAITS_READABLE);
    for (int i = 0; i < TURNS_MAX && result == SOCKET_AGAIN; i++) {
        size_t sent;

        if (size == 0) {
            cr_assert_neq(tls_write(pair.client, "ping", 4, &sent), SOCKET_ERROR);
        }
        result = tls_read(pair.server, heard, sizeof heard, &size);
    }
    cr_expect_eq(result, SOCKET_OK, "%s", tls_problem(pair.server));
    cr_expect_eq(size, 4);
}

Test(tls, says_what_it_waits_for)
{
    char heard[16];
    size_t size;

    connect_usual();
    while (tls_read(pair.client, heard, sizeof heard, &size) == SOCKET_OK) {
    }
    cr_expect_eq(tls_read_awaits(pair.client), TLS_AWAITS_READABLE);
    cr_expect_not(tls_has_more(pair.client));
    cr_expect(tls_has_heard(pair.client));
}

Test(tls, what_a_record_has_beyond_the_room_is_told_of_by_no_socket)
{
    char heard[4];
    size_t size;

    connect_usual();
    say(pair.client, "123456");
    cr_expect_eq(tls_read(pair.server, heard, sizeof heard, &size), SOCKET_OK);
    cr_expect_eq(size, 4);
    cr_expect(tls_has_more(pair.server));
    cr_expect_eq(socket_unread(pair.fds[1]), 0);
    cr_expect_eq(tls_read(pair.server, heard, sizeof heard, &size), SOCKET_OK);
    cr_expect_eq(size, 2);
    cr_expect_not(tls_has_more(pair.server));
}

Test(tls, one_read_takes_many_records)
{
    connect_usual();
    say(pair.client, "one ");
    say(pair.client, "two ");
    say(pair.client, "three");
    expect_hears(pair.server, "one two three");
}

/* As a slow network would bring them. */
static void pass_on(const char *bytes, size_t size, struct tls *to, int fd)
{
    char heard[64];
    size_t received;

    for (size_t i = 0; i + 1 < size; i++) {
        cr_assert_eq(write(fd, bytes + i, 1), 1);
        cr_assert_eq(tls_read(to, heard, sizeof heard, &received), SOCKET_AGAIN);
        cr_assert_not(tls_has_more(to), "behind byte %zu", i);
        cr_assert(tls_has_unread(to), "behind byte %zu", i);
    }
    cr_assert_eq(write(fd, bytes + size - 1, 1), 1);
}

Test(tls, part_of_a_record_is_not_something_to_be_read)
{
    char sealed[256];
    int ends[2];

    connect_usual();
    say(pair.client, "hello");

    ssize_t size = read(pair.fds[1], sealed, sizeof sealed);

    cr_assert_gt(size, 5);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    cr_assert_eq(dup2(ends[0], pair.fds[1]), pair.fds[1]);
    pass_on(sealed, (size_t)size, pair.server, ends[1]);
    expect_hears(pair.server, "hello");
    cr_expect_not(tls_has_unread(pair.server));
    close(ends[0]);
    close(ends[1]);
}

static enum socket_result read_all(struct tls *tls)
{
    char heard[256];
    size_t size;
    enum socket_result result;

    do {
        result = tls_read(tls, heard, sizeof heard, &size);
    } while (result == SOCKET_OK);
    return result;
}

Test(tls, a_goodbye_is_an_end_that_comes_again_and_leaves_the_other_way_open)
{
    connect_usual();
    say(pair.client, "bye");
    tls_say_goodbye(pair.client);
    expect_hears(pair.server, "bye");
    cr_expect(tls_has_more(pair.server));
    cr_expect_eq(read_all(pair.server), SOCKET_EOF);
    cr_expect_eq(read_all(pair.server), SOCKET_EOF);
    say(pair.server, "still here");
    expect_hears(pair.client, "still here");
}

Test(tls, a_peer_that_closes_without_goodbye_is_an_end_too)
{
    connect_usual();
    say(pair.client, "x");
    shutdown(pair.fds[0], SHUT_WR);
    expect_hears(pair.server, "x");
    cr_expect_eq(read_all(pair.server), SOCKET_EOF);
    say(pair.server, "still here");
    expect_hears(pair.client, "still here");
}

Test(tls, writing_to_who_is_gone_fails)
{
    size_t sent;

    connect_usual();
    close(pair.fds[0]);
    pair.fds[0] = -1;
    cr_expect_eq(tls_write(pair.server, "x", 1, &sent), SOCKET_ERROR);
    cr_expect_eq(errno, EPIPE);
    cr_expect_str_eq(tls_problem(pair.server), "Broken pipe");
    cr_expect_eq(tls_write(pair.server, "x", 1, &sent), SOCKET_ERROR);
    cr_expect_eq(errno, EPIPE);
}

Test(tls, what_a_peer_has_said_before_it_went_can_be_read)
{
    size_t sent;

    connect_usual();
    say(pair.client, "last words");
    close(pair.fds[0]);
    pair.fds[0] = -1;
    cr_expect_eq(tls_write(pair.server, "x", 1, &sent), SOCKET_ERROR);
    expect_hears(pair.server, "last words");
    cr_expect_neq(read_all(pair.server), SOCKET_AGAIN);
    cr_expect_eq(tls_write(pair.server, "x", 1, &sent), SOCKET_ERROR);
    cr_expect_neq(errno, EPROTO);
}

Test(tls, a_goodbye_that_comes_with_the_end_of_the_handshake_is_no_failure)
{
    char heard[16];
    size_t size;

    use(server_settings(), client_settings());
    open_pair((struct tls_server){.expected = "localhost"});
    cr_assert_eq(tls_handshake(pair.client), SOCKET_AGAIN);
    cr_assert_eq(tls_handshake(pair.server), SOCKET_AGAIN);
    cr_assert_eq(tls_handshake(pair.client), SOCKET_OK);
    tls_say_goodbye(pair.client);
    cr_expect_eq(tls_read(pair.server, heard, sizeof heard, &size), SOCKET_EOF, "%s",
                 tls_problem(pair.server));
    cr_expect(tls_is_ready(pair.server));
}

/* All that has come, whole records of it. */
static size_t read_sum(struct tls *tls)
{
    static char heard[TLS_RECORD_MAX];
    size_t sum = 0;
    size_t size;

    while (tls_read(tls, heard, sizeof heard, &size) == SOCKET_OK) {
        sum += size;
    }
    return sum;
}

/* More is offered than waits, and the socket has room for what waits only. */
Test(tls, what_waited_and_has_left_counts_as_sent_though_more_was_offered)
{
    enum { PART = TLS_RECORD_MAX * 3 / 4 };
    static char bytes[TLS_RECORD_MAX];
    size_t sum = 0;
    size_t sent = 0;
    size_t heard = 0;

    connect_usual();
    while (tls_write(pair.client, bytes, PART, &sent) == SOCKET_OK) {
        sum += sent;
    }
    cr_assert_eq(tls_write_awaits(pair.client), TLS_AWAITS_WRITABLE);
    cr_assert_eq(tls_read(pair.server, bytes, PART, &heard), SOCKET_OK);
    cr_assert_eq(heard, PART);
    cr_expect_eq(tls_write(pair.client, bytes, sizeof bytes, &sent), SOCKET_OK);
    cr_expect_eq(sent, PART);
    cr_expect_eq(heard + read_sum(pair.server), sum + sent);
}

/* Handshakes that fail: what the one says of it, and the other; "" where it does not matter. */
struct failure {
    const char *name;
    struct tls_settings server;
    struct tls_settings client;
    const char *expected;
    const char *server_says;
    const char *client_says;
};

static void expect_failure(const struct failure *failure)
{
    enum socket_result client_result;
    enum socket_result server_result;

    use(failure->server, failure->client);
    open_pair((struct tls_server){.name = "localhost", .expected = failure->expected});
    shake_hands(&client_result, &server_result);
    if (client_result == SOCKET_OK) {
        client_result = read_all(pair.client);
    }
    cr_expect(client_result == SOCKET_ERROR || *failure->client_says == '\0', "%s: client %d",
              failure->name, client_result);
    cr_expect(server_result == SOCKET_ERROR || *failure->server_says == '\0', "%s: server %d",
              failure->name, server_result);
    cr_expect_str_eq(tls_problem(pair.server), failure->server_says, "%s", failure->name);
    cr_expect_str_eq(tls_problem(pair.client), failure->client_says, "%s", failure->name);
    hang_up();
    pair = (struct tls_pair){.fds = {-1, -1}};
}

static struct tls_settings of_version(struct tls_settings settings, unsigned protocols)
{
    settings.protocols = protocols;
    return settings;
}

static struct tls_settings with_identity(struct tls_settings settings, const char *name)
{
    char file[64];

    snprintf(file, sizeof file, "%s.pem", name);
    settings.certificate = pki_path(pki, file);
    snprintf(file, sizeof file, "%s.key", name);
    settings.key = pki_path(pki, file);
    return settings;
}

static struct tls_settings asking(enum tls_verify verify)
{
    struct tls_settings settings = server_settings();

    settings.verify = verify;
    settings.ca_file = pki_path(pki, "ca.pem");
    return settings;
}

#define ALERT(words) "the peer refuses: " words

Test(tls, says_why_a_handshake_fails)
{
    pki_make(pki, "stranger", .is_authority = true);
    pki_make(pki, "foreign", .issuer = "stranger");

    struct tls_settings server = server_settings();
    struct tls_settings client = client_settings();
    struct tls_settings foreign = client_settings();

    foreign.ca_file = pki_path(pki, "stranger.pem");

    const struct failure rows[] = {
        {"other authority", server, foreign, "localhost", ALERT("tlsv1 alert unknown ca"),
         "the peer's certificate is not accepted: unable to get local issuer certificate"},
        {"other name", server, client, "example.com", ALERT("sslv3 alert bad certificate"),
         "the peer's certificate is not accepted: hostname mismatch"},
        {"other address", server, client, "127.0.0.2", ALERT("sslv3 alert bad certificate"),
         "the peer's certificate is not accepted: IP address mismatch"},
        {"versions", of_version(server, TLS_PROTOCOL_1_3), of_version(client, TLS_PROTOCOL_1_2),
         "localhost", "the peer speaks no version of TLS that is allowed here",
         ALERT("tlsv1 alert protocol version")},
        {"no certificate", asking(TLS_VERIFY_REQUIRED), client, "localhost",
         "the peer has shown no certificate", ALERT("tlsv13 alert certificate required")},
        {"certificate of another authority", asking(TLS_VERIFY_OPTIONAL),
         with_identity(client, "foreign"), "localhost",
         "the peer's certificate is not accepted: unable to get local issuer certificate",
         ALERT("tlsv1 alert unknown ca")},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_failure(&rows[i]);
    }
}

static void expect_server_says(const char *heard, const char *problem)
{
    enum socket_result result = SOCKET_AGAIN;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.fds), 0);
    pair.server = tls_accept(server_context, pair.fds[1]);
    cr_assert_eq(tls_handshake(pair.server), SOCKET_AGAIN);
    cr_expect_not(tls_has_heard(pair.server));
    cr_assert_eq(write(pair.fds[0], heard, strlen(heard)), (ssize_t)strlen(heard));
    shutdown(pair.fds[0], SHUT_WR);
    for (int i = 0; i < TURNS_MAX && result == SOCKET_AGAIN; i++) {
        result = tls_handshake(pair.server);
    }
    cr_expect_eq(result, SOCKET_ERROR);
    cr_expect_str_eq(tls_problem(pair.server), problem);
    cr_expect_eq(tls_has_heard(pair.server), *heard != '\0');
    hang_up();
}

Test(tls, says_that_a_peer_speaks_something_else)
{
    server_context = context_of(server_settings());
    expect_server_says("*1\r\n$4\r\nPING\r\n", "the peer speaks no TLS");
    expect_server_says("PING\r\n", "the peer speaks no TLS");
    expect_server_says("GET / HTTP/1.1\r\n\r\n", "the peer speaks HTTP without TLS");
    expect_server_says("", "the peer closed during the handshake");
    expect_server_says("\x16\x03\x01", "the peer closed during the handshake");
}

Test(tls, takes_any_certificate_when_told_so)
{
    struct tls_settings client = client_settings();

    client.verify = TLS_VERIFY_NONE;
    client.ca_file = NULL;
    use(server_settings(), client);
    connect_pair((struct tls_server){.expected = "example.com"});
}

Test(tls, knows_who_a_verified_peer_is)
{
    use(asking(TLS_VERIFY_REQUIRED), with_identity(client_settings(), "client"));
    connect_pair((struct tls_server){.name = "localhost", .expected = "localhost"});

    char *name = tls_peer_name(pair.server);

    cr_assert_not_null(name);
    cr_expect_str_eq(name, "client");
    free(name);
    cr_expect_eq(tls_read(pair.client, (char[1]){0}, 1, &(size_t){0}), SOCKET_AGAIN);
}

Test(tls, knows_no_name_of_who_has_shown_nothing)
{
    use(asking(TLS_VERIFY_OPTIONAL), client_settings());
    connect_pair((struct tls_server){.expected = "localhost"});
    cr_expect_null(tls_peer_name(pair.server));
}

Test(tls, goes_on_with_a_session_of_the_same_context_only)
{
    struct tls_memory memory = {.session = NULL};
    const struct tls_server server = {.expected = "localhost", .memory = &memory};

    use(server_settings(), client_settings());
    connect_pair(server);
    cr_expect_eq(read_all(pair.client), SOCKET_AGAIN);
    cr_expect_not(tls_is_resumed(pair.client));
    cr_assert_not_null(memory.session);
    hang_up();
    connect_pair(server);
    cr_expect(tls_is_resumed(pair.client) && tls_is_resumed(pair.server));
    hang_up();
    tls_context_release(&client_context);
    client_context = context_of(client_settings());
    connect_pair(server);
    cr_expect_not(tls_is_resumed(pair.client));
    hang_up();
    tls_memory_clear(&memory);
    pair.client = pair.server = NULL;
    pair.fds[0] = pair.fds[1] = -1;
}

/* Its ticket comes when another connection has begun with a newer context. */
Test(tls, a_session_of_an_older_context_is_not_kept_as_one_of_a_newer)
{
    struct tls_memory memory = {.session = NULL};
    const struct tls_server server = {.expected = "localhost", .memory = &memory};

    use(server_settings(), client_settings());
    connect_pair(server);

    struct tls_pair older = pair;

    use(server_settings(), client_settings());
    open_pair(server);
    cr_expect_eq(read_all(older.client), SOCKET_AGAIN);
    cr_expect_null(memory.session);
    hang_up();
    pair = older;
    hang_up();
    tls_memory_clear(&memory);
    pair = (struct tls_pair){.fds = {-1, -1}};
}

Test(tls, a_context_that_is_let_go_of_lives_on_in_its_connections)
{
    connect_usual();
    tls_context_release(&server_context);
    tls_context_release(&client_context);
    say(pair.client, "x");
    expect_hears(pair.server, "x");
}
