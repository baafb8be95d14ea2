/* Options that change while slotway runs: each takes effect. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

static struct fake_cluster *others;

static void clean_up(void)
{
    rig_clean_up();
    fake_cluster_free(&others);
}

TestSuite(reload_options, .timeout = 60, .fini = clean_up);

static const struct rig_options plain = {.nodes = 1, .with_store = true};

/* With the new options in every thread's hands but, perhaps, the workers'. */
static void change(struct rig *rig, struct rig_options next)
{
    const char *said;

    rig_rewrite(rig, next);
    cr_assert_eq(rig_reload(rig, &said), 200, "%s", said);
}

static bool says(struct wire *wire, const char *command, const char *argument, const char *reply)
{
    return strcmp(wire_ask(wire, command, argument), reply) == 0;
}

Test(reload_options, a_new_password_is_for_those_who_come)
{
    struct rig_options options = plain;
    options.clients = "password: one";
    struct rig *rig = rig_start_with(options);
    struct wire *newcomer = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "AUTH", "one"), "OK");
    options.clients = "password: two";
    change(rig, options);
    cr_expect(WAIT_FOR(says(newcomer, "AUTH", "two", "OK")));
    cr_expect_eq(wire_ask(newcomer, "AUTH", "one")[0], '-');
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    options.clients = "max: 10";
    change(rig, options);
    cr_expect(WAIT_FOR(({
        struct wire *stranger = rig_connect(rig);
        bool is_served = says(stranger, "GET", "k", "v");
        rig_disconnect(rig, &stranger);
        is_served;
    })));
    rig_stop(&rig);
}

Test(reload_options, commands_are_denied_and_allowed)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    next.commands = "get: deny";
    change(rig, next);
    cr_expect(WAIT_FOR(ask(rig, "GET", "k")[0] == '-'));
    change(rig, plain);
    cr_expect(WAIT_FOR(says(rig_client(rig), "GET", "k", "v")));
    rig_stop(&rig);
}

Test(reload_options, commands_are_denied_while_discovery_is_in_a_round)
{
    struct rig_options patient = plain;
    patient.refresh = "100ms";
    patient.connect_timeout = "60s";
    struct rig *rig = rig_start_with(patient);
    uint64_t since;

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    fake_node_pause(rig_node(rig, 0));
    since = wait_now_ms();
    cr_assert(WAIT_FOR(wait_now_ms() > since + 200)); /* it has asked, and has time to wait */
    patient.commands = "get: deny";
    change(rig, patient);
    ask(rig, "CLIENT", "LIST"); /* all workers have answered it */
    EXPECT_STARTS(ask(rig, "GET", "k"), "-ERR command 'get' is denied");
    fake_node_resume(rig_node(rig, 0));
    patient.commands = NULL;
    change(rig, patient);
    ask(rig, "CLIENT", "LIST");
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    rig_stop(&rig);
}

Test(reload_options, a_shorter_request_time_counts_for_the_next_request)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "120s"});

    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));
    change(rig, (struct rig_options){.nodes = 1, .request_timeout = "100ms"});
    cr_expect(WAIT_FOR(rig_has_written(rig, "option=timeouts.request")));
    cr_expect_eq(ask(rig, "GET", "k")[0], '-');
    fake_node_release(rig_node(rig, 0));
    cr_expect(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    rig_stop(&rig);
}

Test(reload_options, fewer_clients_may_come_and_those_there_are_stay)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;
    struct wire *second = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect_str_eq(wire_ask(second, "PING"), "PONG");
    next.clients = "max: 1";
    change(rig, next);
    struct wire *third = rig_connect(rig);
    cr_expect_str_eq(wire_text(third), "-ERR max number of clients reached");
    cr_expect_str_eq(wire_ask(second, "PING"), "PONG");
    change(rig, plain);
    struct wire *fourth = rig_connect(rig);
    cr_expect_str_eq(wire_ask(fourth, "PING"), "PONG");
    rig_stop(&rig);
}

Test(reload_options, idle_clients_are_closed_from_then_on)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;

    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    next.clients = "idle: 200ms";
    change(rig, next);
    cr_expect(wire_is_closed(rig_client(rig)));
    rig_stop(&rig);
}

Test(reload_options, a_larger_request_than_is_allowed_now_is_refused)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;
    char value[4096] = {0};

    memset(value, 'v', sizeof value - 1);
    cr_expect_str_eq(ask(rig, "SET", "k", value), "OK");
    next.clients = "request_bytes: 1kb, max: 9";
    change(rig, next);
    cr_expect(WAIT_FOR(strstr(ask(rig, "INFO", "clients"), "maxclients:9\r\n") != NULL));
    cr_expect_eq(ask(rig, "SET", "k", value)[0], '-');
    cr_expect(wire_is_closed(rig_client(rig)));
    rig_stop(&rig);
}

Test(reload_options, memory_limits_are_what_metrics_tell)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;

    next.clients = "memory_limit: 3mb";
    next.global = "memory: {limit: 7mb}\n";
    change(rig, next);
    cr_expect_eq(metric(rig, "memory_limit_bytes"), 7 * 1024 * 1024);
    cr_expect_eq(metric(rig, "pool_memory_limit_bytes"), 3 * 1024 * 1024);
    rig_stop(&rig);
}

Test(reload_options, the_slow_log_keeps_what_is_slow_now)
{
    struct rig_options options = plain;
    options.pool = "slowlog: {slower_than: 1h}";
    struct rig *rig = rig_start_with(options);

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_str_eq(ask(rig, "SLOWLOG", "LEN"), "0");
    options.pool = "slowlog: {slower_than: 0s}";
    change(rig, options);
    cr_expect(WAIT_FOR(({
        cr_expect_str_eq(ask(rig, "GET", "k"), "v");
        !says(rig_client(rig), "SLOWLOG", "LEN", "0");
    })));
    rig_stop(&rig);
}

Test(reload_options, what_is_announced_is_told_at_once)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;

    cr_expect_not_null(strstr(ask(rig, "INFO", "cluster"), "cluster_enabled:0"));
    next.pool = "announce: {nodes: [\"a.example:7000\", \"b.example:7000\"]}";
    change(rig, next);
    cr_expect(WAIT_FOR(strstr(ask(rig, "INFO", "cluster"), "cluster_enabled:1") != NULL));
    cr_expect_not_null(strstr(ask(rig, "CLUSTER", "SLOTS"), "b.example"));
    rig_stop(&rig);
}

Test(reload_options, the_log_takes_another_form)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;

    next.global = "log: {format: json, level: warn}\n";
    change(rig, next);
    cr_expect(rig_has_written(rig, "{\"time\":"));
    next.global = "log: {format: json, level: error}\n";
    change(rig, next);
    cr_expect_not(rig_has_written(rig, "before\":\"warn"));
    rig_stop(&rig);
}

Test(reload_options, a_state_file_gets_what_is_known)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;
    char folder[] = "/tmp/slotway-reload-XXXXXX";
    char path[64];

    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/state", folder);
    next.backend = rig_print(rig, "state_file: \"%s\"", path);
    change(rig, next);
    cr_expect(WAIT_FOR(access(path, R_OK) == 0));
    rig_stop(&rig);
    unlink(path);
    cr_expect_eq(rmdir(folder), 0);
}

Test(reload_options, seeds_of_another_cluster_lead_there)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    others = fake_cluster_new(1);
    fake_node_handle(fake_cluster_node(others, 0), fake_always, "+elsewhere");
    next.seeds = rig_print(rig, "\"%s\"", fake_cluster_address(others, 0));
    change(rig, next);
    cr_expect(WAIT_FOR(says(rig_client(rig), "GET", "k", "elsewhere")));
    rig_stop(&rig);
}

Test(reload_options, seeds_that_nobody_answers_at_change_nothing_until_somebody_does)
{
    struct rig_options next = plain;
    next.refresh = "100ms";
    struct rig *rig = rig_start_with(next);

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    others = fake_cluster_new(1);
    next.seeds = rig_print(rig, "\"%s\"", fake_cluster_address(others, 0));
    fake_node_die(fake_cluster_node(others, 0));
    fake_node_handle(fake_cluster_node(others, 0), fake_always, "+elsewhere");
    change(rig, next);
    cr_expect(WAIT_FOR(metric(rig, "seed_failures_total") > 2));
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    fake_node_return(fake_cluster_node(others, 0));
    cr_expect(WAIT_FOR(says(rig_client(rig), "GET", "k", "elsewhere")));
    rig_stop(&rig);
}

/* The only node that slotway knew is gone; what it is told now works. */
Test(reload_options, seeds_lead_out_of_a_cluster_that_is_gone)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;

    fake_node_die(rig_node(rig, 0));
    cr_expect(WAIT_FOR(rig_has_written(rig, "no node of the cluster answers")));
    others = fake_cluster_new(1);
    fake_node_handle(fake_cluster_node(others, 0), fake_always, "+elsewhere");
    next.seeds = rig_print(rig, "\"%s\"", fake_cluster_address(others, 0));
    change(rig, next);
    cr_expect(WAIT_FOR(says(rig_client(rig), "GET", "k", "elsewhere")));
    rig_stop(&rig);
}

Test(reload_options, the_nodes_password_is_for_connections_that_are_made)
{
    struct rig_options options = {
        .nodes = 1, .with_store = true, .node_password = "one", .backend = "password: one"};
    struct rig *rig = rig_start_with(options);

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    fake_node_set_password(rig_node(rig, 0), "two");
    options.backend = "password: two";
    change(rig, options);
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "AUTH two") > 0));
    fake_node_drop_connections(rig_node(rig, 0));
    cr_expect(WAIT_FOR(says(rig_client(rig), "GET", "k", "v")));
    cr_expect_geq(fake_node_count(rig_node(rig, 0), "AUTH two"), 2);
    rig_stop(&rig);
}

/* What the node is announced as cannot be reached; the map says where it is. */
Test(reload_options, addresses_are_mapped_anew)
{
    struct rig_options options = {.nodes = 1, .with_store = true, .request_timeout = "20s"};
    struct rig *rig = rig_start_with(options);

    fake_cluster_announce(rig_cluster(rig), 0, "127.9.9.9");
    cr_expect(WAIT_FOR(rig_has_written(rig, "127.9.9.9")));
    options.backend = "address_map: [\"127.9.9.9=127.0.0.1\"]";
    change(rig, options);
    cr_expect(WAIT_FOR(strcmp(ask(rig, "SET", "k", "v"), "OK") == 0));
    rig_stop(&rig);
}

Test(reload_options, how_long_a_drain_takes_is_read_when_it_begins)
{
    struct rig_options options = {.nodes = 1, .request_timeout = "120s"};
    options.global = "drain: {timeout: 120s}\n";
    struct rig *rig = rig_start_with(options);

    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));
    wire_request(rig_client(rig), "GET", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    options.global = "drain: {timeout: 300ms}\n";
    change(rig, options);
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(WAIT_FOR(process_has_ended(rig_process(rig))));
    fake_node_release(rig_node(rig, 0));
    cr_expect(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    rig_stop(&rig);
}
