/* An address of the cluster is given to a node of another cluster, as happens where addresses are
 * scarce: that node is told nothing and believed nothing.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d". The
 * stranger would take any write.
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

static struct fake_cluster *strangers;
static struct fake_node *stranger;

static void clean_up(void)
{
    rig_clean_up();
    fake_cluster_free(&strangers);
}

TestSuite(stranger, .timeout = 60, .fini = clean_up);

/* The stranger has taken the address of node 0. */
static struct rig *start_with_a_stranger(void)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .request_timeout = "60s",
                                                          .refresh = "100ms",
                                                          .with_relays = true,
                                                          .with_store = true});

    cr_expect_str_eq(ask(rig, "MSET", "k", "1", "a", "0"), "OK");
    strangers = fake_cluster_new(1);
    stranger = fake_cluster_node(strangers, 0);
    fake_node_handle(stranger, fake_always, "+OK");
    relay_lead_to(rig_relay(rig, 0), fake_node_port(stranger));
    return rig;
}

Test(stranger, gets_no_request_until_the_right_node_is_back)
{
    struct rig *rig = start_with_a_stranger();
    struct wire *other = rig_connect(rig);

    wire_request(rig_client(rig), "APPEND", "k", "2");
    wire_request(rig_client(rig), "GET", "k");
    cr_expect(WAIT_FOR(rig_metric(rig, "upstream_closed_total", "wrong_node") >= 3));
    for (int i = 0; i < 20; i++) {
        cr_expect_str_eq(wire_ask(other, "INCR", "a"), rig_print(rig, "%d", i + 1));
    }
    cr_expect_not(wire_has_input(rig_client(rig)));
    relay_lead_to(rig_relay(rig, 0), fake_node_port(rig_node(rig, 0)));
    wire_expect(rig_client(rig), ":2\r\n$2\r\n12\r\n");
    cr_expect_eq(fake_node_count(stranger, "APPEND"), 0);
    cr_expect_eq(fake_node_count(stranger, "GET"), 0);
    rig_stop(&rig);
}

Test(stranger, gets_no_request_until_another_node_serves_the_slots)
{
    struct rig *rig = start_with_a_stranger();

    wire_request(rig_client(rig), "APPEND", "k", "2");
    cr_expect(WAIT_FOR(rig_metric(rig, "upstream_closed_total", "wrong_node") > 0));
    fake_cluster_give(rig_cluster(rig), 0, 8191, 1);
    cr_expect_str_eq(wire_text(rig_client(rig)), "2");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "APPEND"), 1);
    cr_expect_eq(fake_node_count(stranger, "APPEND"), 0);
    rig_stop(&rig);
}

/* Its map says that it serves all slots, at the address where it listens itself. */
Test(stranger, is_not_believed_about_slots)
{
    enum { REFRESHES = 10 };
    struct rig *rig = start_with_a_stranger();
    size_t asked = fake_node_count(rig_node(rig, 1), "CLUSTER SLOTS");

    fake_cluster_set_epoch(strangers, 1000);
    wire_request(rig_client(rig), "APPEND", "k", "2");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 1), "CLUSTER SLOTS") > asked + REFRESHES));
    struct wire *other = rig_connect(rig);
    cr_expect_str_eq(wire_ask(other, "INCR", "a"), "1");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "INCR"), 1);
    cr_expect_eq(fake_node_count(stranger, "APPEND"), 0);
    relay_lead_to(rig_relay(rig, 0), fake_node_port(rig_node(rig, 0)));
    cr_expect_str_eq(wire_text(rig_client(rig)), "2");
    rig_stop(&rig);
}

/* A write that was with the right node when its connection ended is not tried on the stranger. */
Test(stranger, does_not_get_what_the_right_node_had)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "60s", .refresh = "1h", .with_relays = true});

    strangers = fake_cluster_new(1);
    stranger = fake_cluster_node(strangers, 0);
    script(rig, 0, WANT("INCR", "k"), WANT("GET", "k"));
    wire_request(rig_client(rig), "INCR", "k");
    wire_request(rig_client(rig), "GET", "k");
    cr_expect(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    relay_lead_to(rig_relay(rig, 0), fake_node_port(stranger));
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "lost after send, outcome unknown");
    cr_expect(WAIT_FOR(rig_metric(rig, "upstream_closed_total", "wrong_node") > 0));
    cr_expect_eq(fake_node_count(stranger, "GET"), 0);
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\n1\r\n"));
    relay_lead_to(rig_relay(rig, 0), fake_node_port(rig_node(rig, 0)));
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    rig_stop(&rig);
}
