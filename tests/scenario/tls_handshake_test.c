/* Handshakes with clients: who comes in, and who does not and hears why. */
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/tls_rig.h"

TestSuite(tls_handshake, .init = tls_rig_set_up, .fini = tls_rig_clean_up, .timeout = 120);

#define ALERT(words) "the peer refuses: " words

static void expect_failures(struct rig *rig, int count, const char *reason)
{
    cr_expect(WAIT_FOR(metric(rig, "downstream_tls_handshake_failures_total") == count),
              "%lld failures", metric(rig, "downstream_tls_handshake_failures_total"));
    cr_expect(rig_has_written(rig, reason), "it has not written '%s'", reason);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
}

/* A client may hear of it only when it reads. */
static void expect_refused(struct rig *rig, struct tls_context *context, const char *problem)
{
    struct wire *wire = rig_connect_tls(rig, context);

    cr_expect(wire_is_closed(wire));
    cr_expect_str_eq(wire_problem(wire), problem);
    rig_disconnect(rig, &wire);
}

static void expect_served(struct rig *rig, struct tls_context *context, const char *version)
{
    struct wire *wire = rig_connect_tls(rig, context);

    cr_expect_str_eq(wire_ask(wire, "PING"), "PONG", "%s", wire_problem(wire));
    cr_expect_str_eq(tls_version(wire_tls(wire)), version);
    rig_disconnect(rig, &wire);
}

Test(tls_handshake, is_of_a_version_that_is_allowed)
{
    struct rig *rig = tls_rig_start("protocols: TLSv1.3");

    expect_served(rig, tls_rig_context_with(NULL, "ca", TLS_PROTOCOLS_ALL), "TLSv1.3");
    expect_refused(rig, tls_rig_context_with(NULL, "ca", TLS_PROTOCOL_1_2),
                   ALERT("tlsv1 alert protocol version"));
    expect_failures(rig, 1, "reason=\"the peer speaks no version of TLS that is allowed here\"");
    rig_stop(&rig);
}

Test(tls_handshake, is_of_version_1_2_too)
{
    struct rig *rig = tls_rig_start("");

    expect_served(rig, tls_rig_context_with(NULL, "ca", TLS_PROTOCOL_1_2), "TLSv1.2");
    rig_stop(&rig);
}

Test(tls_handshake, wants_a_certificate_where_that_is_required)
{
    struct rig *rig = tls_rig_start("client_certificates: required");

    expect_refused(rig, tls_rig_context(NULL), ALERT("tlsv13 alert certificate required"));
    expect_failures(rig, 1, "reason=\"the peer has shown no certificate\"");
    expect_served(rig, tls_rig_context("client"), "TLSv1.3");
    rig_stop(&rig);
}

Test(tls_handshake, believes_no_certificate_of_strangers)
{
    pki_make(tls_rig_pki, "stranger", .is_authority = true);
    pki_make(tls_rig_pki, "foreign", .issuer = "stranger");
    pki_make(tls_rig_pki, "old", .issuer = "ca", .ends_in = -60);

    struct rig *rig = tls_rig_start("client_certificates: optional");

    expect_served(rig, tls_rig_context(NULL), "TLSv1.3");
    expect_refused(rig, tls_rig_context("foreign"), ALERT("tlsv1 alert unknown ca"));
    expect_failures(rig, 1, "unable to get local issuer certificate");
    rig_stop(&rig);
}

Test(tls_handshake, is_broken_off_by_a_client_that_does_not_believe_slotway)
{
    pki_make(tls_rig_pki, "stranger", .is_authority = true);

    struct rig *rig = tls_rig_start("");
    struct wire *wire =
        rig_connect_tls(rig, tls_rig_context_with(NULL, "stranger", TLS_PROTOCOLS_ALL));

    EXPECT_STARTS(wire_problem(wire), "the peer's certificate is not accepted");
    expect_failures(rig, 1, "reason=\"the peer refuses: tlsv1 alert unknown ca\"");
    rig_stop(&rig);
}

Test(tls_handshake, fails_where_no_tls_is_spoken)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = wire_open(rig_tls_port(rig));

    cr_assert(wire_request(wire, "PING"));
    cr_expect_neq(strncmp(wire_text(wire), "PONG", 4), 0);
    wire_close(&wire);
    expect_failures(rig, 1, "reason=\"the peer speaks no TLS\"");
    rig_stop(&rig);
}

Test(tls_handshake, of_a_client_that_has_the_wrong_port_ends_it)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = wire_open_tls(rig_port(rig), tls_rig_context(NULL), "localhost");

    cr_expect_str_eq(wire_problem(wire), "the peer closed during the handshake");
    wire_close(&wire);
    cr_expect(rig_has_written(rig, "a client speaks TLS where none is spoken"));
    rig_stop(&rig);
}

Test(tls_handshake, that_does_not_get_on_ends_in_time)
{
    struct rig *rig = tls_rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .handshake_time = "1s"}, "");
    struct wire *silent = wire_open(rig_tls_port(rig));
    struct wire *slow = wire_open(rig_tls_port(rig));

    wire_send(slow, "\x16\x03\x01");
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 2));
    cr_expect(wire_is_closed(silent) && wire_is_closed(slow));
    expect_failures(rig, 2, "reason=\"it took too long\"");
    cr_expect_eq(rig_metric(rig, "downstream_closed_total", "tls_slow"), 2);
    wire_close(&silent);
    wire_close(&slow);
    rig_stop(&rig);
}

Test(tls_handshake, who_only_looks_whether_somebody_listens_is_no_failure)
{
    struct rig *rig = tls_rig_start("");
    struct wire *wire = wire_open(rig_tls_port(rig));

    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_total") == 1));
    wire_close(&wire);
    expect_failures(rig, 0, "listening");
    rig_stop(&rig);
}

Test(tls_handshake, counts_as_a_client_from_its_first_moment)
{
    struct rig *rig = tls_rig_start_with((struct rig_options){.nodes = 1, .clients = "max: 1"}, "");
    struct wire *silent = wire_open(rig_tls_port(rig));

    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 1));

    struct wire *wire = rig_connect_tls(rig, tls_rig_context(NULL));

    cr_expect_neq(*wire_problem(wire), '\0');
    cr_expect_eq(metric(rig, "downstream_rejected_total"), 1);
    wire_close(&silent);
    rig_stop(&rig);
}

Test(tls_handshake, logs_the_client_in_as_the_user_of_its_certificate)
{
    pki_make(tls_rig_pki, "default", .issuer = "ca");

    struct rig *rig = tls_rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .clients = "password: secret"},
        "client_certificates: optional, client_user: cn");
    struct wire *known = rig_connect_tls(rig, tls_rig_context("default"));

    cr_expect_str_eq(wire_ask(known, "GET", "k"), "(nil)");

    struct wire *other = rig_connect_tls(rig, tls_rig_context("client"));

    EXPECT_STARTS(wire_ask(other, "GET", "k"), "-NOAUTH");
    cr_expect_str_eq(wire_ask(other, "AUTH", "secret"), "OK");

    struct wire *none = rig_connect_tls(rig, tls_rig_context(NULL));

    EXPECT_STARTS(wire_ask(none, "GET", "k"), "-NOAUTH");
    rig_stop(&rig);
}

Test(tls_handshake, comes_behind_what_a_load_balancer_says)
{
    static const char header[] = "PROXY TCP4 192.0.2.7 192.0.2.8 50000 6380\r\n";
    struct rig *rig = tls_rig_start_with(
        (struct rig_options){.nodes = 1, .clients = "proxy_protocol_from: 127.0.0.1"}, "");
    int fd = wire_connect(rig_tls_port(rig));
    char heard[1024];
    size_t size;

    cr_assert_eq(write(fd, header, sizeof header - 1), sizeof header - 1);

    struct tls *tls =
        tls_connect(tls_rig_context(NULL), fd, &(struct tls_server){.expected = "localhost"});

    cr_assert_eq(tls_write(tls, "CLIENT LIST\r\n", 13, &size), SOCKET_OK, "%s", tls_problem(tls));
    cr_assert_eq(tls_read(tls, heard, sizeof heard - 1, &size), SOCKET_OK, "%s", tls_problem(tls));
    heard[size] = '\0';
    EXPECT_CONTAINS(heard, " addr=192.0.2.7:50000 ");
    tls_free(&tls);
    close(fd);
    rig_stop(&rig);
}

Test(tls_handshake, is_short_when_a_client_comes_back)
{
    struct rig *rig = tls_rig_start("");
    struct tls_context *context = tls_rig_context(NULL);
    struct tls_memory memory = {.session = NULL};

    for (int i = 0; i < 3; i++) {
        int fd = wire_connect(rig_tls_port(rig));
        struct tls *tls = tls_connect(
            context, fd, &(struct tls_server){.expected = "localhost", .memory = &memory});
        char heard[16];
        size_t size;

        cr_assert_eq(tls_write(tls, "PING\r\n", 6, &size), SOCKET_OK, "%s", tls_problem(tls));
        cr_assert_eq(tls_read(tls, heard, sizeof heard, &size), SOCKET_OK, "%s", tls_problem(tls));
        cr_expect_eq(tls_is_resumed(tls), i > 0);
        tls_free(&tls);
        close(fd);
    }
    cr_expect_eq(metric(rig, "downstream_tls_resumed_total"), 2);
    tls_memory_clear(&memory);
    rig_stop(&rig);
}
