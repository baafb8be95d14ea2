/* PROXY NODE: one node is asked, whatever slots it serves, and its answer comes back as it is. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(proxy_node, .timeout = 120, .fini = rig_clean_up);

static struct rig *start(void)
{
    return rig_start_with((struct rig_options){.nodes = 2, .workers = 2, .clients = "admin: true"});
}

Test(proxy_node, asks_the_node_that_is_named_by_address_or_id)
{
    struct rig *rig = start();
    script(rig, 0, WANT("SAVE"), SAY("+OK\r\n"));
    script(rig, 1, WANT("CONFIG", "GET", "x"), SAY("*2\r\n$1\r\nx\r\n$1\r\n1\r\n"),
           WANT("DEBUG", "SLEEP", "0"), SAY("-MOVED 1 127.0.0.1:1\r\n"));
    const char *second = rig_address(rig, 1);

    cr_expect_str_eq(ask(rig, "PROXY", "NODE", rig_address(rig, 0), "SAVE"), "OK");
    cr_expect_str_eq(ask(rig, "PROXY", "NODE", second, "CONFIG", "GET", "x"), "[x 1]");
    cr_expect_str_eq(ask(rig, "PROXY", "NODE", second, "DEBUG", "SLEEP", "0"),
                     "-MOVED 1 127.0.0.1:1");
    cr_expect_str_eq(rig_log(rig, 0), "SAVE");
    cr_expect_str_eq(rig_log(rig, 1), "CONFIG GET x | DEBUG SLEEP 0");
    rig_stop(&rig);
}

Test(proxy_node, keeps_its_place_among_the_replies)
{
    struct rig *rig = start();
    script(rig, 0, WANT("SAVE"), SAY_LATER("+OK\r\n"));

    wire_request(rig_client(rig), "PING", "1");
    wire_request(rig_client(rig), "PROXY", "NODE", rig_address(rig, 0), "SAVE");
    wire_request(rig_client(rig), "PING", "2");
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "$1\r\n1\r\n+OK\r\n$1\r\n2\r\n");
    rig_stop(&rig);
}

Test(proxy_node, topology_and_explain_name_nodes_as_it_takes_them)
{
    struct rig *rig = start();
    script(rig, 0, WANT("BGSAVE"), SAY("+Background saving started\r\n"));

    EXPECT_CONTAINS(ask(rig, "PROXY", "TOPOLOGY"), rig_address(rig, 0));
    EXPECT_CONTAINS(ask(rig, "PROXY", "TOPOLOGY"), rig_address(rig, 1));
    EXPECT_CONTAINS(ask(rig, "PROXY", "EXPLAIN", "GET", "b"), rig_address(rig, 0));
    cr_expect_str_eq(ask(rig, "PROXY", "NODE", rig_address(rig, 0), "BGSAVE"),
                     "Background saving started");
    rig_stop(&rig);
}
