/* Pools that come, go and come back while slotway runs. */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/rig.h"

TestSuite(reload_pools, .timeout = 60, .fini = rig_clean_up);

static const struct rig_options one = {.nodes = 1,
                                       .other_nodes = 1,
                                       .hides_other = true,
                                       .with_store = true,
                                       .workers = 2,
                                       .global = "drain: {timeout: 300ms}\n"};

static struct rig_options both(void)
{
    struct rig_options options = one;

    options.hides_other = false;
    return options;
}

static struct rig_options other_alone(void)
{
    struct rig_options options = both();

    options.hides_main = true;
    return options;
}

static struct rig *start(struct rig_options options)
{
    struct rig *rig = rig_start_with(options);

    fake_node_handle(fake_cluster_node(rig_other_cluster(rig), 0), fake_always, "+other");
    cr_expect_str_eq(ask(rig, "SET", "k", "main"), "OK");
    return rig;
}

static void change(struct rig *rig, struct rig_options next, const char *line)
{
    const char *said;

    rig_rewrite(rig, next);
    cr_assert_eq(rig_reload(rig, &said), 200, "%s", said);
    cr_expect_not_null(strstr(said, line), "%s", said);
}

static void expect_other_serves(struct rig *rig)
{
    enum { CLIENTS = 4 };

    for (int i = 0; i < CLIENTS; i++) {
        struct wire *wire = wire_open(rig_other_port(rig));

        cr_assert_not_null(wire);
        cr_expect_str_eq(wire_ask(wire, "GET", "k"), "other");
        wire_close(&wire);
    }
}

Test(reload_pools, one_that_comes_is_served_one_that_goes_is_not_and_it_may_come_back)
{
    struct rig *rig = start(one);
    struct wire *late;

    cr_expect_null(wire_open(rig_other_port(rig)));
    for (int round = 0; round < 3; round++) {
        change(rig, both(), "pool other: none -> there\n");
        expect_other_serves(rig);
        late = wire_open(rig_other_port(rig));
        cr_assert_not_null(late);
        cr_expect_str_eq(wire_ask(late, "GET", "k"), "other");
        cr_expect(WAIT_FOR(rig_metric(rig, "topology_slots", "pool=\"other\"") == 16384));
        cr_expect_eq(http_get(rig_admin_port(rig), "/stats", NULL), 200);
        cr_expect_eq(http_get(rig_admin_port(rig), "/history", NULL), 200);
        change(rig, one, "pool other: there -> gone\n");
        cr_expect(wire_is_closed(late));
        wire_close(&late);
        cr_expect_null(wire_open(rig_other_port(rig)));
        cr_expect_str_eq(ask(rig, "GET", "k"), "main");
        cr_expect_eq(rig_reload(rig, NULL), 200);
    }
    rig_stop(&rig);
}

Test(reload_pools, what_a_client_has_begun_there_is_over_when_its_time_is)
{
    struct rig *rig = start(both());
    struct wire *bound = wire_open(rig_other_port(rig));

    cr_assert_not_null(bound);
    cr_expect_str_eq(wire_ask(bound, "MULTI"), "OK");
    change(rig, one, "pool other: there -> gone\n");
    cr_expect(wire_is_closed(bound));
    wire_close(&bound);
    cr_expect_str_eq(ask(rig, "GET", "k"), "main");
    rig_stop(&rig);
}

/* As options of clients; the file is gone with the test. */
static const char *users_of_file(void)
{
    static char clients[64];
    int file = memfd_create("users.acl", MFD_CLOEXEC);

    cr_assert_geq(file, 0);
    cr_assert_gt(dprintf(file, "user default off\nuser root on nopass ~* &* +@all\n"), 0);
    snprintf(clients, sizeof clients, "acl_file: /proc/%d/fd/%d", getpid(), file);
    return clients;
}

Test(reload_pools, one_that_goes_lets_nobody_in_and_does_not_cut_who_is)
{
    struct rig_options options = both();

    options.clients = users_of_file();
    options.global = "drain: {timeout: 60s, spread: 0s}\n";
    struct rig *rig = rig_start_with(options);
    struct wire *stranger = wire_open(rig_other_port(rig));
    struct wire *root = wire_open(rig_other_port(rig));

    cr_assert(stranger != NULL && root != NULL);
    cr_expect_str_eq(ask(rig, "AUTH", "root", ""), "OK");
    cr_expect_str_eq(wire_ask(root, "AUTH", "root", ""), "OK");
    cr_expect_str_eq(wire_ask(root, "MULTI"), "OK");
    cr_expect_str_eq(wire_ask(stranger, "GET", "k"), "-NOAUTH Authentication required.");
    wire_send(stranger, "*2\r\n$3\r\nGET\r\n$1\r\n");
    options.hides_other = true;
    change(rig, options, "pool other: there -> gone\n");
    wire_ask(rig_client(rig), "CLIENT", "LIST"); /* all workers have answered it */
    wire_send(stranger, "k\r\n");
    cr_expect_str_eq(wire_text(stranger), "-NOAUTH Authentication required.");
    cr_expect_str_eq(wire_ask(root, "DISCARD"), "OK");
    cr_expect(wire_is_closed(root));
    wire_close(&stranger);
    wire_close(&root);
    rig_stop(&rig);
}

Test(reload_pools, one_that_cannot_listen_leaves_everything_as_it_is)
{
    struct rig *rig = start(one);
    struct rig_options next = both();
    const char *said;
    struct wire *taken = NULL;

    /* Both pools would listen where the main one does. */
    next.other_listen = rig_print(rig, "\"127.0.0.1:%u\"", rig_port(rig));
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, &said), 400);
    cr_expect_not_null(strstr(said, "duplicate address"), "%s", said);
    struct port other = port_reserve();
    port_listen(&other);
    next = both();
    next.other_listen = rig_print(rig, "\"127.0.0.1:%u\"", other.number);
    next.clients = "max: 1";
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, &said), 400);
    cr_expect_not_null(strstr(said, "pool 'other' cannot listen"), "%s", said);
    taken = rig_connect(rig);
    cr_expect_str_eq(wire_ask(taken, "GET", "k"), "main", "clients.max is what it was");
    port_stop_listening(&other);
    change(rig, both(), "pool other: none -> there\n");
    expect_other_serves(rig);
    rig_stop(&rig);
    port_release(&other);
}

Test(reload_pools, one_whose_cluster_is_away_makes_nobody_unready)
{
    struct rig *rig = start(one);

    fake_node_die(fake_cluster_node(rig_other_cluster(rig), 0));
    change(rig, both(), "pool other: none -> there\n");
    cr_expect(WAIT_FOR(rig_has_written(rig, "no node of the cluster answers")));
    cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 200);
    cr_expect_str_eq(ask(rig, "GET", "k"), "main");
    fake_node_return(fake_cluster_node(rig_other_cluster(rig), 0));
    cr_expect(WAIT_FOR(rig_metric(rig, "topology_slots", "pool=\"other\"") == 16384));
    expect_other_serves(rig);
    rig_stop(&rig);
}

/* In time to be looked at: nobody is let go before the test says so. */
static struct rig_options patiently(struct rig_options options)
{
    options.global = "drain: {timeout: 120s, spread: 0s}\n";
    return options;
}

static struct rig *start_patiently(void)
{
    struct rig *rig = rig_start_with(patiently(both()));

    fake_node_handle(fake_cluster_node(rig_other_cluster(rig), 0), fake_always, "+other");
    return rig;
}

Test(reload_pools, one_that_goes_while_another_comes_back_ends_nothing_but_itself)
{
    struct rig *rig = start_patiently();

    for (int round = 0; round < 2; round++) {
        change(rig, patiently(one), "pool other: there -> gone\n");
        change(rig, patiently(other_alone()), "pool main: there -> gone\n");
        expect_other_serves(rig);
        change(rig, patiently(both()), "pool main: none -> there\n");
    }
    cr_expect_str_eq(ask(rig, "SET", "k", "main"), "OK");
    rig_stop(&rig);
}

/* One worker alone had clients of what has gone. */
Test(reload_pools, after_comings_and_goings_a_drain_waits_for_all_workers)
{
    struct rig *rig = start_patiently();
    struct wire *of_main = rig_connect(rig);

    cr_expect_str_eq(wire_ask(of_main, "MULTI"), "OK");
    change(rig, patiently(one), "pool other: there -> gone\n");
    change(rig, patiently(other_alone()), "pool main: there -> gone\n");
    struct wire *bound = wire_open(rig_other_port(rig));
    struct wire *idle = wire_open(rig_other_port(rig));
    cr_assert(bound != NULL && idle != NULL);
    cr_expect_str_eq(wire_ask(bound, "MULTI"), "OK");
    cr_expect_str_eq(wire_ask(of_main, "DISCARD"), "OK");
    cr_expect(wire_is_closed(of_main));
    rig_disconnect(rig, &of_main);
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(wire_is_closed(idle));
    wire_close(&idle);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 1));
    cr_expect_str_eq(wire_ask(bound, "DISCARD"), "OK");
    cr_expect(wire_is_closed(bound));
    wire_close(&bound);
    cr_expect(WAIT_FOR(process_has_ended(rig_process(rig))));
    rig_stop(&rig);
}

static struct fake_node *other_node(const struct rig *rig)
{
    return fake_cluster_node(rig_other_cluster(rig), 0);
}

static long long other_metric(struct rig *rig, const char *name)
{
    return rig_metric(rig, name, "pool=\"other\"");
}

static void expect_no_word_of_how_other_stands(struct rig *rig)
{
    static const char *const names[] = {"topology_slots", "topology_primaries", "topology_replicas",
                                        "discovery_age_seconds"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cr_expect_eq(other_metric(rig, names[i]), -1, "%s", names[i]);
    }
    cr_expect_eq(other_metric(rig, "nodes_unreachable"), 0);
    cr_expect_eq(other_metric(rig, "topology_version"), 0);
    cr_expect_gt(other_metric(rig, "downstream_requests_total"), 0);
}

/* A node dies after its pool has gone: the usual order. */
Test(reload_pools, one_that_has_gone_leaves_its_nodes_alone)
{
    struct rig *rig = start(both());
    size_t accepted;

    for (int round = 0; round < 2; round++) {
        expect_other_serves(rig);
        change(rig, one, "pool other: there -> gone\n");
        cr_assert(WAIT_FOR(fake_node_connected(other_node(rig)) == 0));
        accepted = fake_node_accepted(other_node(rig));
        fake_node_die(other_node(rig));
        fake_node_return(other_node(rig));
        expect_no_word_of_how_other_stands(rig);
        cr_expect_eq(fake_node_accepted(other_node(rig)), accepted);
        change(rig, both(), "pool other: none -> there\n");
    }
    expect_other_serves(rig);
    cr_expect_eq(other_metric(rig, "topology_slots"), 16384);
    rig_stop(&rig);
}

/* Its clients have what they had until they go. */
Test(reload_pools, nodes_of_one_that_goes_are_left_alone_when_its_last_client_is_gone)
{
    struct rig_options options = patiently(both());
    struct rig *rig = start_patiently();
    struct wire *bound = wire_open(rig_other_port(rig));

    cr_assert_not_null(bound);
    cr_expect_str_eq(wire_ask(bound, "GET", "k"), "other");
    cr_expect_str_eq(wire_ask(bound, "MULTI"), "OK");
    options.hides_other = true;
    change(rig, options, "pool other: there -> gone\n");
    fake_node_drop_connections(other_node(rig));
    cr_expect(WAIT_FOR(fake_node_connected(other_node(rig)) == 1));
    cr_expect_str_eq(wire_ask(bound, "DISCARD"), "OK");
    cr_expect(wire_is_closed(bound));
    wire_close(&bound);
    cr_expect(WAIT_FOR(fake_node_connected(other_node(rig)) == 0));
    rig_stop(&rig);
}

Test(reload_pools, one_that_comes_back_while_its_cluster_is_away_makes_nobody_unready)
{
    struct rig *rig = start(both());

    expect_other_serves(rig);
    change(rig, one, "pool other: there -> gone\n");
    cr_assert(WAIT_FOR(fake_node_connected(other_node(rig)) == 0));
    fake_node_die(other_node(rig));
    change(rig, both(), "pool other: none -> there\n");
    cr_expect(WAIT_FOR(rig_has_written(rig, "no node of the cluster answers")));
    cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 200);
    fake_node_return(other_node(rig));
    cr_expect(WAIT_FOR(other_metric(rig, "topology_slots") == 16384));
    expect_other_serves(rig);
    rig_stop(&rig);
}

static void expect_answer(struct rig *rig, const char *path, const char *part)
{
    struct bytes body = {0};

    cr_expect_eq(http_get(rig_admin_port(rig), path, &body), 200);
    EXPECT_CONTAINS(body.at, part);
    bytes_clear(&body);
}

Test(reload_pools, who_names_no_pool_means_one_that_has_not_gone)
{
    struct rig *rig = start_patiently();

    cr_expect_eq(http_post(rig_admin_port(rig), "/pause", NULL), 404);
    change(rig, patiently(other_alone()), "pool main: there -> gone\n");
    cr_expect_eq(http_post(rig_admin_port(rig), "/pause", NULL), 202);
    expect_answer(rig, "/pauses", "pool=other what=pause");
    expect_answer(rig, "/clients", "\"pool\":\"other\"");
    expect_answer(rig, "/slowlog", "\"pool\":\"other\"");
    expect_answer(rig, "/stats", "\"name\":\"main\",\"gone\":true");
    expect_answer(rig, "/stats", "\"name\":\"other\",\"gone\":false");
    rig_stop(&rig);
}
