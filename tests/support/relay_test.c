/* The relay breaks connections as tests ask it to, and passes everything on otherwise. */
#include "tests/support/expect.h"
#include "tests/support/fake_node.h"
#include "tests/support/fake_store.h"
#include "tests/support/relay.h"
#include "tests/support/wait.h"
#include "tests/support/wire.h"

static struct fake_cluster *cluster;
static struct fake_store *store;
static struct relay *relay;

static void open_all(void)
{
    cluster = fake_cluster_new(1);
    store = fake_store_new();
    fake_store_serve(store, cluster);
    relay = relay_new(fake_node_port(fake_cluster_node(cluster, 0)));
}

static void close_all(void)
{
    relay_free(&relay);
    fake_cluster_free(&cluster);
    fake_store_free(&store);
}

TestSuite(relay, .timeout = 60, .init = open_all, .fini = close_all);

Test(relay, passes_bytes_and_ends_both_ways)
{
    struct wire *wire = wire_open(relay_port(relay));

    cr_expect_str_eq(wire_ask(wire, "SET", "k", "v"), "OK");
    wire_request(wire, "GET", "k");
    wire_finish_sending(wire);
    cr_expect_str_eq(wire_text(wire), "v");
    cr_expect(wire_is_closed(wire));
    cr_expect_eq(relay_accepted(relay), 1);
    cr_expect_eq(relay_passed(relay, RELAY_TO_PROXY), strlen("+OK\r\n$1\r\nv\r\n"));
    wire_close(&wire);
    cr_expect(WAIT_FOR(fake_node_connected(fake_cluster_node(cluster, 0)) == 0));
}

Test(relay, holds_one_direction_and_lets_it_go_on)
{
    struct fake_node *node = fake_cluster_node(cluster, 0);
    struct wire *wire = wire_open(relay_port(relay));

    relay_hold(relay, RELAY_TO_PROXY);
    wire_request(wire, "SET", "k", "v");
    cr_expect(WAIT_FOR(fake_node_count(node, "SET") == 1));
    cr_expect_eq(relay_passed(relay, RELAY_TO_PROXY), 0);
    relay_let_through(relay, RELAY_TO_PROXY);
    cr_expect_str_eq(wire_text(wire), "OK");
    relay_hold(relay, RELAY_TO_NODE);
    wire_request(wire, "GET", "k");
    cr_expect_not(WAIT_FOR_MS(50, fake_node_count(node, "GET") > 0));
    relay_let_through(relay, RELAY_TO_NODE);
    cr_expect_str_eq(wire_text(wire), "v");
    wire_close(&wire);
}

Test(relay, delays_what_is_sent_from_now_on)
{
    struct wire *slow = wire_open(relay_port(relay));
    struct wire *quick = wire_open(fake_node_port(fake_cluster_node(cluster, 0)));

    relay_delay(relay, RELAY_TO_NODE, 20);
    cr_expect_str_eq(wire_ask(slow, "SET", "k", "v"), "OK");
    relay_delay(relay, RELAY_TO_PROXY, 3600 * 1000);
    wire_request(slow, "GET", "k");
    for (int i = 0; i < 100; i++) {
        cr_expect_str_eq(wire_ask(quick, "GET", "k"), "v");
    }
    cr_expect_not(wire_has_input(slow));
    wire_close(&slow);
    wire_close(&quick);
}

Test(relay, cuts_behind_a_byte)
{
    struct wire *wire = wire_open(relay_port(relay));

    cr_expect_str_eq(wire_ask(wire, "SET", "k", "0123456789"), "OK");
    relay_cut_after(relay, RELAY_TO_PROXY, 7);
    wire_request(wire, "GET", "k");
    cr_expect_str_eq(wire_bytes(wire, "$10\r\n0123456789\r\n"), wire_escaped(wire, "$10\r\n01"));
    wire_close(&wire);
    wire = wire_open(relay_port(relay));
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "0123456789");
    wire_close(&wire);
}

Test(relay, refuses_and_accepts)
{
    struct wire *wire = wire_open(relay_port(relay));

    cr_expect_str_eq(wire_ask(wire, "SET", "k", "v"), "OK");
    relay_refuse(relay);
    cr_expect_null(wire_open(relay_port(relay)));
    cr_expect_str_eq(wire_text(wire), "(closed)");
    wire_close(&wire);
    relay_accept(relay);
    wire = wire_open(relay_port(relay));
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "v");
    wire_close(&wire);
}

Test(relay, leads_elsewhere)
{
    struct fake_cluster *others = fake_cluster_new(1);
    struct fake_node *other = fake_cluster_node(others, 0);
    struct wire *wire = wire_open(relay_port(relay));

    fake_node_handle(other, fake_always, "+elsewhere");
    cr_expect_str_eq(wire_ask(wire, "SET", "k", "v"), "OK");
    relay_lead_to(relay, fake_node_port(other));
    cr_expect_str_eq(wire_text(wire), "(closed)");
    wire_close(&wire);
    wire = wire_open(relay_port(relay));
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "elsewhere");
    wire_close(&wire);
    fake_cluster_free(&others);
}

Test(relay, vanishes_without_a_word)
{
    struct fake_node *node = fake_cluster_node(cluster, 0);
    struct wire *wire = wire_open(relay_port(relay));
    struct relay *second = relay_new(relay_port(relay));

    cr_expect_str_eq(wire_ask(wire, "SET", "k", "v"), "OK");
    relay_vanish(relay);
    wire_request(wire, "INCR", "n");
    /* The second relay connects on to the one that is gone, and waits for an answer. */
    struct wire *late = wire_open(relay_port(second));
    wire_request(late, "INCR", "n");
    cr_expect_not(WAIT_FOR_MS(50, fake_node_count(node, "INCR") > 0));
    cr_expect_not(wire_has_input(wire));
    cr_expect_not(wire_has_input(late));
    relay_reappear(relay);
    struct wire *fresh = wire_open(relay_port(relay));
    cr_expect_str_eq(wire_ask(fresh, "GET", "k"), "v");
    cr_expect_str_eq(wire_text(late), "1");
    cr_expect_not(wire_has_input(wire));
    wire_close(&wire);
    wire_close(&late);
    wire_close(&fresh);
    relay_free(&second);
}
