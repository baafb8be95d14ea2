/* Clients over TLS. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/tls_peer.h"
#include "tests/support/tls_rig.h"

enum { LARGE = 3 * 1000 * 1000 };

TestSuite(tls_clients, .init = tls_rig_set_up, .fini = tls_rig_clean_up, .timeout = 120);

Test(tls_clients, are_served_beside_others)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));

    cr_expect_str_eq(wire_ask(wire, "SET", "k", "v"), "OK", "%s", wire_problem(wire));
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_str_eq(wire_ask(wire, "MGET", "k", "other"), "[v (nil)]");
    cr_expect_eq(metric(rig, "downstream_tls_handshakes_total"), 1);
    cr_expect_eq(metric(rig, "downstream_tls_handshake_failures_total"), 0);
    EXPECT_CONTAINS(wire_ask(wire, "CLIENT", "LIST"), " flags=N ");
    rig_stop(&rig);
}

Test(tls_clients, may_cut_a_pipeline_anywhere)
{
    static const char pipeline[] = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\r\n\r\n*2\r\n$3\r\nGET\r\n"
                                   "$1\r\na\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n";
    struct rig *rig = tls_rig_start("");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));

    for (size_t cut = 1; cut < sizeof pipeline - 1; cut++) {
        wire_send_bytes(wire, pipeline, cut);
        wire_send_bytes(wire, pipeline + cut, sizeof pipeline - 1 - cut);
        wire_expect(wire, "+OK\r\n$2\r\n\r\n\r\n+PONG\r\n$1\r\nx\r\n");
    }
    rig_stop(&rig);
}

static char *large_text(size_t size, size_t salt)
{
    char *text = memory_raw(size + 1);

    for (size_t i = 0; i < size; i++) {
        text[i] = (char)('a' + (i * 7 + i / 1021 + salt) % 26);
    }
    text[size] = '\0';
    return text;
}

Test(tls_clients, get_large_values_both_ways)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));
    char *text = large_text(LARGE, 0);
    struct bytes expected = {0};

    bytes_print(&expected, "$%d\r\n%s\r\n", LARGE, text);
    for (int i = 0; i < 3; i++) {
        size_t size = 0;

        cr_expect_str_eq(wire_ask(wire, "SET", "k", text), "OK");
        cr_assert(wire_request(wire, "GET", "k"));
        const char *reply = wire_reply(wire, &size);
        cr_assert_eq(size, expected.size);
        cr_expect(memcmp(reply, expected.at, size) == 0);
    }
    bytes_clear(&expected);
    free(text);
    rig_stop(&rig);
}

/* The room that slotway reads a large request to ends with it: what follows it in the same record
 * is with OpenSSL then, of which no socket tells. */
Test(tls_clients, are_heard_to_the_end_of_what_they_have_sent)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));

    for (size_t size = 1000; size < 400000; size += size / 3) {
        char *text = large_text(size, size);
        struct bytes requests = {0};

        bytes_print(&requests, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%zu\r\n%s\r\nPING\r\n", size, text);
        cr_assert(wire_send_bytes(wire, requests.at, requests.size));
        wire_expect(wire, "+OK\r\n+PONG\r\n");
        bytes_clear(&requests);
        free(text);
    }
    rig_stop(&rig);
}

/* Most of what such a client has sent lies in OpenSSL, of which no socket tells, when slotway reads
 * on. */
Test(tls_clients, are_read_on_from_after_a_pause)
{
    enum { REQUESTS = 20000 };
    struct rig *rig = tls_rig_start_with(
        (struct rig_options){
            .nodes = 1, .with_store = true, .clients = "pipeline: 3, request_time: 0s"},
        "");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));
    struct bytes requests = {0};

    cr_expect_str_eq(wire_ask(wire, "SET", "k", "v"), "OK");
    for (int i = 0; i < REQUESTS; i++) {
        bytes_print(&requests, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    }
    cr_assert(wire_send_bytes(wire, requests.at, requests.size));
    for (int i = 0; i < REQUESTS; i++) {
        cr_assert_str_eq(wire_text(wire), "v", "reply %d", i);
    }
    cr_expect_gt(metric(rig, "downstream_paused_total"), 0);
    bytes_clear(&requests);
    rig_stop(&rig);
}

Test(tls_clients, that_say_goodbye_get_the_rest_of_their_replies)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));

    wire_send_requests(wire, "SET k v|GET k|PING|GET k");
    wire_finish_sending(wire);
    wire_expect(wire, "+OK\r\n$1\r\nv\r\n+PONG\r\n$1\r\nv\r\n");
    cr_expect(wire_is_closed(wire));
    rig_stop(&rig);
}

Test(tls_clients, that_read_slowly_are_waited_for_and_others_served)
{
    struct rig *rig = tls_rig_start("");
    struct wire *slow = rig_connect_tls(rig, tls_rig_context(NULL));
    struct wire *other = rig_connect_tls(rig, tls_rig_context(NULL));
    char *text = large_text(LARGE, 1);
    size_t size = 0;

    cr_expect_str_eq(wire_ask(other, "SET", "k", text), "OK");
    for (int i = 0; i < 8; i++) {
        cr_assert(wire_request(slow, "GET", "k"));
    }
    cr_expect_str_eq(wire_ask(other, "GET", "none"), "(nil)");
    for (int i = 0; i < 8; i++) {
        const char *reply = wire_reply(slow, &size);

        cr_assert_not_null(reply, "%s", wire_problem(slow));
        cr_expect(memcmp(reply + size - LARGE - 2, text, LARGE) == 0);
    }
    free(text);
    rig_stop(&rig);
}

Test(tls_clients, that_leave_too_much_unread_are_disconnected)
{
    struct rig *rig = tls_rig_start_with(
        (struct rig_options){.nodes = 1,
                             .with_store = true,
                             .request_timeout = "20s",
                             .connect_timeout = "10s",
                             .clients = "output_bytes: 64kb, pending_bytes: 64kb"},
        "");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));
    char *text = large_text(8 * LARGE, 2);

    cr_expect_str_eq(ask(rig, "SET", "k", text), "OK");
    cr_assert(wire_request(wire, "GET", "k"));
    cr_expect(WAIT_FOR(rig_metric(rig, "downstream_closed_total", "output_limit") == 1));
    free(text);
    rig_stop(&rig);
}

Test(tls_clients, are_told_goodbye_when_slotway_stops)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));

    cr_expect_str_eq(wire_ask(wire, "PING"), "PONG");
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(wire_is_closed(wire));
    cr_expect_str_eq(wire_problem(wire), "");
    cr_expect(WAIT_FOR(process_has_ended(rig_process(rig))));
    rig_stop(&rig);
}

Test(tls_clients, are_told_goodbye_after_quit)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));

    cr_expect_str_eq(wire_ask(wire, "QUIT"), "OK");
    cr_expect(wire_is_closed(wire));
    cr_expect_str_eq(wire_problem(wire), "");
    rig_stop(&rig);
}

Test(tls_clients, are_shown_what_others_do)
{
    struct rig *rig = tls_rig_start("");
    struct wire *monitor = rig_connect_tls(rig, tls_rig_context(NULL));

    cr_expect_str_eq(wire_ask(monitor, "MONITOR"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    EXPECT_CONTAINS(wire_text(monitor), "\"SET\" \"k\" \"v\"");
    rig_stop(&rig);
}

Test(tls_clients, have_their_transactions_step_by_step)
{
    struct rig *rig = tls_rig_start_with((struct rig_options){.nodes = 1}, "");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));

    script(rig, 0, WANT("MULTI"), SAY("+OK\r\n"), WANT("SET", "k", "1"), SAY("+QUEUED\r\n"),
           WANT("EXEC"), SAY("*1\r\n+OK\r\n"));
    cr_expect_str_eq(wire_ask(wire, "MULTI"), "OK");
    cr_expect_str_eq(wire_ask(wire, "SET", "k", "1"), "QUEUED");
    cr_expect_str_eq(wire_ask(wire, "EXEC"), "[OK]");
    cr_expect_eq(metric(rig, "transactions_live_total"), 1);
    rig_stop(&rig);
}

static int connect_plainly(struct rig *rig)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons(rig_tls_port(rig)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static long long flooders_closed(struct rig *rig)
{
    return rig_metric(rig, "downstream_closed_total", "read_failed");
}

/* Others are served meanwhile, by the same worker. */
Test(tls_clients, who_changes_keys_all_the_time_is_turned_away)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));
    int fd = connect_plainly(rig);
    struct tls_peer *flooder = tls_peer_new(TLS_CLIENT, fd, NULL);

    cr_assert(WAIT_FOR(tls_peer_shake_hands(flooder)));
    tls_peer_change_keys(flooder, 3, TLS_PEER_WANTS_THE_SAME);
    tls_peer_say(flooder, SPAN("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"));
    cr_assert(tls_peer_send(flooder));
    cr_assert(WAIT_FOR(strcmp(wire_ask(wire, "GET", "k"), "v") == 0));
    cr_assert_eq(flooders_closed(rig), 0);
    tls_peer_change_keys(flooder, 20000, TLS_PEER_CHANGES_ALONE);
    cr_assert(WAIT_FOR((tls_peer_send(flooder), strcmp(wire_ask(wire, "GET", "k"), "v") == 0 &&
                                                    flooders_closed(rig) == 1)));
    tls_peer_free(&flooder);
    close(fd);
    rig_stop(&rig);
}
