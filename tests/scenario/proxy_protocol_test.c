/* Clients behind a load balancer that says who they are. */
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(proxy_protocol, .timeout = 120, .fini = rig_clean_up);

#define V2       "\r\n\r\n\0\r\nQUIT\n"
#define FROM_FAR V2 "\x21\x11\0\x0c\xc6\x33\x64\x16\xcb\0\x71\x07\x8b\x3e\x18\xeb"
#define FAR      "198.51.100.22:35646"
#define REACHED  "203.0.113.7:6379"

static struct rig *start(const char *clients)
{
    return rig_start_with((struct rig_options){.nodes = 1, .with_store = true, .clients = clients});
}

/* A client that the balancer on this machine passes on. */
static struct wire *connect_with(struct rig *rig, struct span header)
{
    struct wire *wire = rig_connect(rig);

    wire_send_bytes(wire, header.at, header.size);
    return wire;
}

#define SERVED "proxy_protocol_from: \"127.0.0.1\", admin: true"

Test(proxy_protocol, tells_the_address_of_a_client_wherever_it_is_shown)
{
    struct rig *rig = start(SERVED ", max: 100");
    struct wire *far = connect_with(rig, SPAN(FROM_FAR));
    struct wire *near = connect_with(rig, SPAN("PROXY TCP6 2001:db8::1 ::2 1 6380\r\n"));
    struct wire *watcher = connect_with(rig, SPAN("PROXY UNKNOWN\r\n"));

    cr_assert_str_eq(wire_ask(far, "SET", "k", "v"), "OK");
    EXPECT_CONTAINS(wire_ask(far, "CLIENT", "INFO"), " addr=" FAR " laddr=" REACHED " ");
    EXPECT_CONTAINS(wire_ask(near, "CLIENT", "LIST"), " addr=" FAR " laddr=" REACHED " ");
    EXPECT_CONTAINS(wire_ask(near, "CLIENT", "INFO"), " addr=[2001:db8::1]:1 laddr=[::2]:6380 ");
    EXPECT_CONTAINS(wire_ask(far, "CLUSTER", "SLOTS"), "203.0.113.7 6379");
    cr_expect_str_eq(wire_ask(watcher, "MONITOR"), "OK");
    cr_expect_str_eq(wire_ask(far, "GET", "k"), "v");
    EXPECT_CONTAINS(wire_text(watcher), " " FAR "] \"GET\" \"k\"");
    cr_expect_str_eq(wire_ask(near, "CLIENT", "KILL", "ADDR", FAR), "1");
    cr_expect(wire_is_closed(far));
    cr_expect_eq(metric(rig, "proxy_headers_total"), 3);
    rig_stop(&rig);
}

Test(proxy_protocol, leaves_the_balancers_own_connections_their_address)
{
    static const struct span headers[] = {
        SPAN("PROXY UNKNOWN\r\n"),
        SPAN(V2 "\x20\0\0\0"),
        SPAN(V2 "\x21\0\0\x03tlv"),
    };
    struct rig *rig = start(SERVED);

    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct wire *wire = connect_with(rig, headers[i]);

        EXPECT_CONTAINS(wire_ask(wire, "CLIENT", "INFO"), " addr=127.0.0.1:");
    }
    rig_stop(&rig);
}

Test(proxy_protocol, comes_in_pieces_and_with_requests_behind_it)
{
    static const char whole[] = FROM_FAR "PING\r\nSET k v\r\n";
    struct rig *rig = start(SERVED);

    for (size_t cut = 0; cut < sizeof FROM_FAR; cut += 3) {
        struct wire *wire = connect_with(rig, (struct span){whole, cut});

        cr_assert(wire_send_bytes(wire, whole + cut, sizeof whole - 1 - cut));
        cr_expect_str_eq(wire_text(wire), "PONG");
        cr_expect_str_eq(wire_text(wire), "OK");
        rig_disconnect(rig, &wire);
    }
    cr_expect_eq(metric(rig, "proxy_headers_refused_total"), 0);
    rig_stop(&rig);
}

Test(proxy_protocol, closes_who_begins_with_anything_else_and_says_why)
{
    static const struct span others[] = {
        SPAN("*1\r\n$4\r\nPING\r\n"),
        SPAN("PING\r\n"),
        SPAN("PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n"),
        SPAN(V2 "\x21\x11\0\x0b"),
    };
    struct rig *rig = start(SERVED);

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct wire *wire = connect_with(rig, others[i]);

        wire_finish_sending(wire);
        cr_expect(wire_is_closed(wire), "%s", others[i].at);
    }
    cr_expect(WAIT_FOR(metric(rig, "proxy_headers_refused_total") == (long long)ARRAY_LEN(others)));
    cr_expect(rig_has_written(rig, "no PROXY header where one must be"));
    cr_expect(rig_has_written(rig, "problem=\"too short for its addresses\""));
    cr_expect_eq(metric(rig, "downstream_connections_total"), 0);
    rig_stop(&rig);
}

Test(proxy_protocol, takes_no_offence_at_health_checks_nor_keeps_their_places)
{
    struct rig *rig = start(SERVED ", max: 2");

    for (int i = 0; i < 20; i++) {
        int fd = wire_connect(rig_port(rig));

        cr_assert_geq(fd, 0);
        close(fd);
    }
    cr_expect(WAIT_FOR_MS(WAIT_MS, ({
                              struct wire *wire = connect_with(rig, SPAN(FROM_FAR "PING\r\n"));
                              const char *said = wire_text(wire);
                              bool is_served = strcmp(said, "PONG") == 0;

                              rig_disconnect(rig, &wire);
                              is_served;
                          })));
    cr_expect_eq(metric(rig, "proxy_headers_refused_total"), 0);
    rig_stop(&rig);
}

Test(proxy_protocol, is_not_believed_of_strangers)
{
    struct rig *rig = start("proxy_protocol_from: \"10.0.0.0/8, unix\"");
    struct wire *wire = rig_connect(rig);

    EXPECT_CONTAINS(wire_ask(wire, "CLIENT", "INFO"), " addr=127.0.0.1:");
    struct wire *liar = connect_with(rig, SPAN("PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"));

    EXPECT_STARTS(wire_text(liar), "-ERR unknown subcommand");
    rig_stop(&rig);
}
