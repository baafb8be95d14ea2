/* What nodes may announce as their address, and what is done about what cannot be reached.
 *
 * With two nodes, node 0 serves "k" and "b", and node 1 serves "a".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(announced, .timeout = 60, .fini = rig_clean_up);

/* Both nodes announce `host` before anybody asks them. */
static struct rig *start(const char *host, const char *backend)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .start_dead = true,
                                                          .with_store = true,
                                                          .request_timeout = "30s",
                                                          .refresh = "100ms",
                                                          .backend = backend});

    for (int i = 0; i < 2; i++) {
        fake_cluster_announce(rig_cluster(rig), i, host);
        fake_node_return(rig_node(rig, i));
    }
    cr_assert(rig_topology_passes(rig, 0));
    return rig;
}

static void expect_served(struct rig *rig)
{
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "a", "2"), "OK");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET k"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "SET a"), 1);
}

Test(announced, hosts_of_every_form_are_reached)
{
    static const char *const hosts[] = {"127.0.0.1", NULL, "", "localhost", "LOCALHOST"};

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct rig *rig = start(hosts[i], NULL);
        expect_served(rig);
        rig_stop(&rig);
    }
}

/* An IPv6 address that leads to the nodes, which listen on IPv4. */
Test(announced, ipv6_hosts_are_reached)
{
    struct rig *rig = start("::1", "address_map: [\"::1=127.0.0.1\"]");

    expect_served(rig);
    rig_stop(&rig);
}

Test(announced, an_unknown_host_leaves_out_its_slots_until_it_is_known)
{
    struct rig *rig = start("127.0.0.1", "down_after: 1ms");
    long long version = metric(rig, "topology_version");

    fake_cluster_announce(rig_cluster(rig), 1, "?");
    cr_expect(rig_topology_passes(rig, version));
    cr_expect_eq(metric(rig, "topology_primaries"), 1);
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    EXPECT_STARTS(wire_ask(rig_connect(rig), "GET", "a"), "-CLUSTERDOWN Hash slot not served");
    version = metric(rig, "topology_version");
    fake_cluster_announce(rig_cluster(rig), 1, "127.0.0.1");
    cr_expect(rig_topology_passes(rig, version));
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect_str_eq(ask(rig, "GET", "a"), "(nil)");
    rig_stop(&rig);
}

Test(announced, hosts_that_cannot_be_reached_are_counted)
{
    struct rig *rig = start("127.99.99.99", NULL);

    wire_request(rig_client(rig), "GET", "k");
    cr_expect(WAIT_FOR(metric(rig, "nodes_unreachable") == 1));
    fake_cluster_announce(rig_cluster(rig), 0, "127.0.0.1");
    cr_expect_str_eq(wire_text(rig_client(rig)), "(nil)");
    fake_cluster_announce(rig_cluster(rig), 1, "127.0.0.1");
    cr_expect(WAIT_FOR(metric(rig, "nodes_unreachable") == 0));
    rig_stop(&rig);
}

Test(announced, hosts_that_are_mapped_are_reached_where_the_map_says)
{
    static const char *const maps[] = {
        "address_map: [\"127.99.99.0/24=127.0.0.1\"]",
        "address_map: [\"127.99.99.99=localhost\"]",
        "address_map: \"10.0.0.0/8=nowhere.example, 127.99.0.0/16=127.0.0.1\"",
    };

    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        struct rig *rig = start("127.99.99.99", maps[i]);
        expect_served(rig);
        cr_expect_eq(metric(rig, "nodes_unreachable"), 0);
        rig_stop(&rig);
    }
}

/* The picture still says node 0, which knows better and announces as the picture does. */
Test(announced, redirections_are_followed_to_where_the_map_says)
{
    static const char *const kinds[] = {"MOVED", "ASK"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct rig *rig = start("127.99.99.99", "address_map: [\"127.99.99.0/24=127.0.0.1\"]");
        script(rig, 0, WANT("GET", "k"),
               SAY("-%s 7629 127.99.99.99:%u\r\n", kinds[i], fake_node_port(rig_node(rig, 1))));
        if (i == 1) {
            script(rig, 1, WANT("ASKING"), SAY("+OK\r\n"));
        }
        script(rig, 1, WANT("GET", "k"), SAY("$1\r\nv\r\n"));
        cr_expect_str_eq(ask(rig, "GET", "k"), "v", "%s", kinds[i]);
        rig_stop(&rig);
    }
}
