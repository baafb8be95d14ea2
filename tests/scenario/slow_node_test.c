/* A node that takes its time: its own requests queue up, within bounds, and others do not notice.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(slow_node, .timeout = 120, .fini = rig_clean_up);

enum { IN_FLIGHT = 50, REQUESTS = 200 };

static struct rig *start_behind_relays(void)
{
    return rig_start_with((struct rig_options){.nodes = 2,
                                               .with_store = true,
                                               .with_relays = true,
                                               .request_timeout = "60s",
                                               .connect_timeout = "20s",
                                               .refresh = "1h",
                                               .backend = "in_flight: 50"});
}

Test(slow_node, holds_no_more_requests_than_it_may_and_the_rest_is_refused_at_once)
{
    struct rig *rig = start_behind_relays();

    cr_expect_str_eq(ask(rig, "SET", "k", "0"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "a", "0"), "OK");
    relay_hold(rig_relay(rig, 0), RELAY_TO_PROXY);
    struct wire *slow = rig_connect(rig);
    for (int i = 0; i < REQUESTS; i++) {
        wire_request(slow, "INCR", "k");
    }
    cr_expect(
        WAIT_FOR(rig_metric(rig, "error_replies_total", "overloaded") == REQUESTS - IN_FLIGHT));
    cr_expect_eq(metric(rig, "upstream_in_flight"), IN_FLIGHT);
    for (int i = 0; i < REQUESTS; i++) {
        cr_expect_str_eq(ask(rig, "INCR", "a"), rig_print(rig, "%d", i + 1));
    }
    relay_let_through(rig_relay(rig, 0), RELAY_TO_PROXY);
    for (int i = 0; i < REQUESTS; i++) {
        const char *reply = wire_text(slow);
        if (i < IN_FLIGHT) {
            cr_expect_str_eq(reply, rig_print(rig, "%d", i + 1));
        } else {
            EXPECT_STARTS(reply, "-ERR proxy: overloaded: too many requests wait for ");
        }
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), IN_FLIGHT);
    rig_stop(&rig);
}

/* Ten times slower than anybody would like, and every answer is still the right one. */
Test(slow_node, answers_all_its_clients_in_order)
{
    enum { CLIENTS = 5, ROUNDS = 10 };
    struct rig *rig = start_behind_relays();
    struct wire *wires[CLIENTS];

    relay_delay(rig_relay(rig, 0), RELAY_TO_NODE, 100);
    relay_delay(rig_relay(rig, 0), RELAY_TO_PROXY, 200);
    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        for (int round = 0; round < ROUNDS; round++) {
            wire_request(wires[i], "APPEND", rig_print(rig, "{k}%d", i), ".");
            wire_request(wires[i], "APPEND", rig_print(rig, "{a}%d", i), ".");
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        for (int round = 0; round < 2 * ROUNDS; round++) {
            cr_expect_str_eq(wire_text(wires[i]), rig_print(rig, "%d", round / 2 + 1));
        }
    }
    cr_expect_eq(metric(rig, "upstream_lost_total"), 0);
    rig_stop(&rig);
}
