/* A client that leaves takes nothing along: its requests' replies reach nobody else. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(leaving, .timeout = 60, .fini = rig_clean_up);

Test(leaving, with_requests_in_flight_leaves_no_reply_for_the_next)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "10s"});
    script(rig, 0, WANT("GET", "k"), WANT("INCR", "k"), WANT("GET", "c"), STALL,
           SAY("$5\r\nwrong\r\n"), SAY(":666\r\n"), SAY("$1\r\nv\r\n"));
    struct wire *leaver = rig_connect(rig);

    wire_request(leaver, "GET", "k");
    wire_request(leaver, "INCR", "k");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "INCR") == 1));
    wire_reset_on_close(leaver);
    rig_disconnect(rig, &leaver);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    wire_request(rig_client(rig), "GET", "c");
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(rig_client(rig)), "v");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), 1);
    cr_expect(WAIT_FOR(metric(rig, "orphans_total") == 2));
    rig_stop(&rig);
}

Test(leaving, politely_means_that_its_replies_go_nowhere)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "10s"});
    script(rig, 0, WANT("GET", "k"), WANT("INCR", "k"), WANT("GET", "c"), STALL,
           SAY("$5\r\nwrong\r\n"), SAY(":666\r\n"), SAY("$1\r\nv\r\n"));
    struct wire *leaver = rig_connect(rig);

    wire_request(leaver, "GET", "k");
    wire_request(leaver, "INCR", "k");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "INCR") == 1));
    rig_disconnect(rig, &leaver);
    wire_request(rig_client(rig), "GET", "c");
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(rig_client(rig)), "v");
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 1));
    rig_stop(&rig);
}

Test(leaving, with_parts_in_flight_leaves_no_reply_for_the_next)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "10s"});
    script(rig, 0, WANT("MGET", "k"), STALL, SAY("*1\r\n$5\r\nwrong\r\n"), WANT("GET", "c"),
           SAY("$1\r\nv\r\n"));
    script(rig, 1, WANT("MGET", "a"), SAY("*1\r\n$5\r\nwrong\r\n"), WANT("GET", "d"),
           SAY("$1\r\nw\r\n"));
    struct wire *leaver = rig_connect(rig);

    wire_request(leaver, "MGET", "k", "a");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    wire_reset_on_close(leaver);
    rig_disconnect(rig, &leaver);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(ask(rig, "GET", "c"), "v");
    cr_expect_str_eq(ask(rig, "GET", "d"), "w");
    rig_stop(&rig);
}

Test(leaving, while_a_request_waits_for_its_node_is_forgotten)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "10s"});
    fake_node_die(rig_node(rig, 0));
    struct wire *leaver = rig_connect(rig);

    wire_request(leaver, "SET", "k", "1");
    cr_expect(WAIT_FOR(metric(rig, "waited_total") > 0));
    wire_reset_on_close(leaver);
    rig_disconnect(rig, &leaver);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 0));
    script(rig, 0, WANT("GET", "k"), SAY("$-1\r\n"));
    fake_node_return(rig_node(rig, 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 0);
    rig_stop(&rig);
}

Test(leaving, in_the_middle_of_a_request_or_a_reply)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1, .request_timeout = "60s", .with_store = true});

    for (int i = 0; i < 50; i++) {
        struct wire *leaver = rig_connect(rig);
        wire_send(leaver, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nabc");
        rig_disconnect(rig, &leaver);
    }
    cr_expect_str_eq(ask(rig, "SET", "a", rig_print(rig, "%0100000d", 0)), "OK");
    for (int i = 0; i < 50; i++) {
        struct wire *leaver = rig_connect(rig);
        for (int reads = 0; reads < 20; reads++) {
            wire_request(leaver, "GET", "a");
        }
        rig_disconnect(rig, &leaver);
    }
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 1));
    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    rig_stop(&rig);
}
