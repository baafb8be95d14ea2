/* The fake nodes themselves: a test that cannot fail proves nothing. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/tls.h"
#include "tests/support/fake_store.h"
#include "tests/support/pki.h"
#include "tests/support/resp.h"
#include "tests/support/wait.h"
#include "tests/support/wire.h"

TestSuite(fake_node, .timeout = 60);

static struct fake_cluster *cluster;
static struct wire *wire;

static void start(int nodes)
{
    cluster = fake_cluster_new(nodes);
    wire = wire_open(fake_node_port(fake_cluster_node(cluster, 0)));
    cr_assert_not_null(wire);
}

static void stop(void)
{
    wire_close(&wire);
    fake_cluster_free(&cluster);
}

static void expect_complaint(const char *part)
{
    char *complaint = fake_node_complaint(fake_cluster_node(cluster, 0));

    cr_assert_not_null(complaint);
    cr_expect_not_null(strstr(complaint, part), "%s", complaint);
    free(complaint);
}

Test(fake_node, says_what_the_script_says)
{
    start(1);
    fake_node_script(fake_cluster_node(cluster, 0), WANT("GET", "k"), SAY("$1\r\nv\r\n"));
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "v");
    cr_expect_null(fake_node_complaint(fake_cluster_node(cluster, 0)));
    stop();
}

Test(fake_node, complains_of_a_command_that_is_not_in_the_script)
{
    start(1);
    fake_node_script(fake_cluster_node(cluster, 0), WANT("GET", "k"), SAY("$1\r\nv\r\n"));
    cr_expect_str_eq(wire_ask(wire, "GET", "j"), "-ERR fake node: not in the script");
    expect_complaint("wanted: GET k, but by connection 1 came: GET j");
    stop();
}

Test(fake_node, complains_of_a_script_that_did_not_end)
{
    start(1);
    fake_node_script(fake_cluster_node(cluster, 0), WANT("GET", "k"), SAY("$1\r\nv\r\n"));
    expect_complaint("did only 0 of 2 steps, next: GET k");
    stop();
}

Test(fake_node, stalls_until_released_and_answers_in_order)
{
    start(1);
    struct fake_node *node = fake_cluster_node(cluster, 0);
    fake_node_script(node, WANT("SET", "k", "..."), SAY_LATER("+OK\r\n"));
    wire_send(wire, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*1\r\n$4\r\nPING\r\n");
    cr_expect(fake_node_has_stalled(node));
    cr_expect_not(wire_has_input(wire));
    fake_node_release(node);
    wire_expect(wire, "+OK\r\n+PONG\r\n");
    cr_expect(fake_node_is_done(node, WAIT_MS));
    stop();
}

Test(fake_node, dies_and_returns_on_its_port)
{
    start(1);
    struct fake_node *node = fake_cluster_node(cluster, 0);
    fake_node_die(node);
    cr_expect(wire_is_closed(wire));
    cr_expect_null(wire_open(fake_node_port(node)));
    fake_node_return(node);
    wire_close(&wire);
    wire = wire_open(fake_node_port(node));
    cr_assert_not_null(wire);
    cr_expect_str_eq(wire_ask(wire, "PING"), "PONG");
    stop();
}

Test(fake_node, wants_its_password)
{
    start(1);
    cr_expect_str_eq(wire_ask(wire, "PING"), "PONG");
    fake_node_set_password(fake_cluster_node(cluster, 0), "secret");
    cr_expect_str_eq(wire_ask(wire, "PING"), "PONG");
    wire_close(&wire);
    wire = wire_open(fake_node_port(fake_cluster_node(cluster, 0)));
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "-NOAUTH Authentication required.");
    cr_expect_str_eq(wire_ask(wire, "AUTH", "secret"), "OK");
    cr_expect_str_eq(wire_ask(wire, "PING"), "PONG");
    stop();
}

Test(fake_node, tells_the_map_of_its_cluster)
{
    start(2);
    const char *slots = wire_ask(wire, "CLUSTER", "SLOTS");
    cr_expect_eq(strncmp(slots, "[[0 8191 [127.0.0.1 ", 20), 0, "%s", slots);
    cr_expect_not_null(strstr(slots, "[8192 16383 [127.0.0.1 "));
    stop();
}

Test(fake_node, keeps_a_record_with_connections)
{
    struct fake_store *store = fake_store_new();

    start(1);
    fake_store_serve(store, cluster);
    struct fake_node *node = fake_cluster_node(cluster, 0);
    struct wire *second = wire_open(fake_node_port(node));
    cr_expect_str_eq(wire_ask(wire, "SET", "k", "1"), "OK");
    cr_expect_str_eq(wire_ask(second, "INCR", "k"), "2");
    cr_expect_str_eq(wire_ask(wire, "PING"), "PONG");
    char *all = fake_node_log(node, 0);
    char *second_only = fake_node_log(node, 2);
    cr_expect_str_eq(all, "SET k 1 | INCR k");
    cr_expect_str_eq(second_only, "INCR k");
    cr_expect_eq(fake_node_count(node, "SET k"), 1);
    free(all);
    free(second_only);
    wire_close(&second);
    stop();
    fake_store_free(&store);
}

Test(fake_node, a_store_sends_elsewhere_what_is_not_its_own)
{
    struct fake_store *store = fake_store_new();

    start(2);
    fake_store_serve(store, cluster);
    uint16_t slot = resp_slot(SPAN("foo"));
    char moved[64];
    snprintf(moved, sizeof moved, "-MOVED %u %s", slot,
             fake_node_address(fake_cluster_node(cluster, 1)));
    cr_expect_eq(slot, 12182);
    cr_expect_str_eq(wire_ask(wire, "GET", "foo"), moved);
    fake_store_import(store, slot, 0);
    cr_expect_str_eq(wire_ask(wire, "ASKING"), "OK");
    cr_expect_str_eq(wire_ask(wire, "GET", "foo"), "(nil)");
    cr_expect_str_eq(wire_ask(wire, "GET", "foo"), moved);
    stop();
    fake_store_free(&store);
}

static struct tls_context *context_of(struct pki *pki, enum tls_kind kind)
{
    struct tls_fault fault;
    struct tls_settings settings = {.kind = kind, .verify = TLS_VERIFY_NONE};

    if (kind == TLS_SERVER) {
        settings.certificate = pki_path(pki, "server.pem");
        settings.key = pki_path(pki, "server.key");
    }

    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_assert_not_null(context, "%s", fault.text);
    return context;
}

/* The first record comes to a socket that is closed, and the second after the reset for that. */
Test(fake_node, gets_over_a_client_that_leaves_before_its_answer)
{
    enum { LARGE = 1000 * 1000 };
    struct pki *pki = pki_new();
    struct fake_store *store = fake_store_new();
    char *large = memory_new(LARGE + 1, 1);

    memset(large, 'x', LARGE);
    pki_make_usual(pki);
    struct tls_context *clients = context_of(pki, TLS_CLIENT);
    start(1);
    fake_store_serve(store, cluster);
    struct fake_node *node = fake_cluster_node(cluster, 0);
    cr_expect_str_eq(wire_ask(wire, "SET", "k", large), "OK");
    fake_node_use_tls(node, context_of(pki, TLS_SERVER));
    struct wire *leaver = wire_open_tls(fake_node_port(node), clients, "localhost");
    cr_assert_not_null(leaver);
    cr_expect(wire_request(leaver, "GET", "k"));
    wire_close(&leaver);
    cr_expect(WAIT_FOR(fake_node_count(node, "GET k") == 1));
    cr_expect_str_eq(wire_ask(wire, "EXISTS", "k"), "1");
    stop();
    tls_context_release(&clients);
    fake_store_free(&store);
    pki_free(&pki);
    free(large);
}
