/* A node that is taken out of the cluster and still answers: it finishes what it has, and is left.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(forgotten_node, .timeout = 60, .fini = rig_clean_up);

/* Node 0 has a request of the rig's client in its hands, will do `then` with it when released, and
 * is no longer in the picture. */
static struct rig *start_and_forget(struct step then)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .request_timeout = "30s", .refresh = "100ms"});

    script(rig, 0, WANT("SET", "k", "1"), STALL, then);
    wire_request(rig_client(rig), "SET", "k", "1");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    long long version = metric(rig, "topology_version");
    fake_cluster_give(rig_cluster(rig), 0, 16383, 1);
    cr_expect(rig_topology_passes(rig, version));
    return rig;
}

Test(forgotten_node, finishes_what_it_was_asked_and_is_asked_no_more)
{
    struct rig *rig = start_and_forget(SAY("+OK\r\n"));
    struct wire *other = rig_connect(rig);
    fake_node_handle(rig_node(rig, 1), fake_always, "$1\r\nv");

    cr_expect_str_eq(wire_ask(other, "GET", "k"), "v");
    cr_expect_eq(metric(rig, "upstream_connections_active"), 2);
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect(WAIT_FOR(metric(rig, "upstream_connections_active") == 1));
    cr_expect_eq(rig_metric(rig, "upstream_closed_total", "node_gone"), 1);
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_str_eq(rig_log(rig, 0), "SET k 1");
    rig_stop(&rig);
}

Test(forgotten_node, that_refuses_what_it_has_sends_it_to_the_new_owner)
{
    static const char *const refusals[] = {
        "-CLUSTERDOWN Hash slot not served\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct rig *rig = start_and_forget(SAY("%s", refusals[i]));
        script(rig, 1, WANT("SET", "k", "1"), SAY("+OK\r\n"));
        fake_node_release(rig_node(rig, 0));
        cr_expect_str_eq(wire_text(rig_client(rig)), "OK", "%s", refusals[i]);
        rig_stop(&rig);
    }
}

Test(forgotten_node, that_dies_with_a_write_in_its_hands_leaves_its_outcome_unknown)
{
    struct rig *rig = start_and_forget(CLOSE);

    fake_node_release(rig_node(rig, 0));
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "lost after send, outcome unknown");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "SET"), 0);
    rig_stop(&rig);
}

Test(forgotten_node, that_comes_back_is_used_again)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .request_timeout = "30s", .refresh = "100ms", .with_store = true});

    for (int i = 0; i < 5; i++) {
        long long version = metric(rig, "topology_version");
        fake_cluster_give(rig_cluster(rig), 0, 8191, 1);
        cr_expect(rig_topology_passes(rig, version));
        cr_expect_str_eq(ask(rig, "INCR", "k"), rig_print(rig, "%d", 2 * i + 1));
        fake_cluster_give(rig_cluster(rig), 0, 8191, 0);
        cr_expect(rig_topology_passes(rig, version + 1));
        cr_expect_str_eq(ask(rig, "INCR", "k"), rig_print(rig, "%d", 2 * i + 2));
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "INCR"), 5);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "INCR"), 5);
    rig_stop(&rig);
}
