/* SLOWLOG over several workers: a node takes its time, and slotway knows which. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(slowlog, .timeout = 120, .fini = rig_clean_up);

enum { CLIENTS = 4, SLOW_MS = 20 };

Test(slowlog, names_the_node_and_the_client_whichever_worker_served_it)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .workers = 2, .with_store = true});
    struct wire *clients[CLIENTS];
    struct fake_node *node = rig_node(rig, 0);

    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = rig_connect(rig);
        wire_ask(clients[i], "CLIENT", "SETNAME", rig_print(rig, "client-%d", i));
        wire_ask(clients[i], "GET", "first");
    }
    fake_node_pause(node);
    for (int i = 0; i < CLIENTS; i++) {
        wire_request(clients[i], "GET", rig_print(rig, "key-%d", i));
    }
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == CLIENTS));
    uint64_t since = wait_now_ms();
    cr_assert(WAIT_FOR(wait_now_ms() > since + SLOW_MS));
    fake_node_resume(node);
    for (int i = 0; i < CLIENTS; i++) {
        wire_text(clients[i]);
    }
    const char *log = ask(rig, "SLOWLOG", "GET", "-1");
    for (int i = 0; i < CLIENTS; i++) {
        EXPECT_CONTAINS(log, rig_print(rig, "GET key-%d # waited_us=0 node_us=", i));
        EXPECT_CONTAINS(log, rig_print(rig, " client-%d]", i));
    }
    EXPECT_CONTAINS(log, rig_print(rig, " node=%s]", rig_address(rig, 0)));
    rig_stop(&rig);
}
