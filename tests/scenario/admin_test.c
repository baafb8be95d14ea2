/* The admin port. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(admin, .timeout = 60, .fini = rig_clean_up);

Test(admin, tells_health_and_readiness_and_nothing_else)
{
    struct rig *rig = rig_start(1);

    cr_expect_eq(http_get(rig_admin_port(rig), "/healthz", NULL), 200);
    cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 200);
    cr_expect_eq(http_get(rig_admin_port(rig), "/nothing", NULL), 404);
    rig_stop(&rig);
}

Test(admin, counts_what_clients_and_nodes_do)
{
    struct rig *rig = rig_start_store(2);

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "a"), "(nil)");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect_eq(metric(rig, "downstream_connections_active"), 1);
    cr_expect_eq(metric(rig, "downstream_requests_total"), 3);
    cr_expect_eq(metric(rig, "downstream_local_total"), 1);
    cr_expect_eq(metric(rig, "upstream_requests_total"), 2);
    cr_expect_eq(metric(rig, "upstream_connections_active"), 2);
    cr_expect_eq(metric(rig, "upstream_in_flight"), 0);
    cr_expect_gt(metric(rig, "downstream_received_bytes_total"), 50);
    cr_expect_eq(metric(rig, "topology_primaries"), 2);
    cr_expect_eq(metric(rig, "topology_replicas"), 0);
    cr_expect_eq(metric(rig, "topology_slots"), 16384);
    cr_expect_eq(metric(rig, "worker_clients"), 1);
    rig_stop(&rig);
}

Test(admin, speaks_so_that_prometheus_understands)
{
    struct rig *rig = rig_start_store(1);
    struct bytes body = {0};
    struct bytes said = {0};
    char path[] = "/tmp/metrics-XXXXXX";
    char command[128];

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_eq(http_get(rig_admin_port(rig), "/metrics", &body), 200);
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_expect_eq(write(fd, body.at, body.size), (ssize_t)body.size);
    close(fd);
    snprintf(command, sizeof command, "promtool check metrics <%s", path);
    const char *const argv[] = {"sh", "-c", command, NULL};
    int code = process_run(argv, &said);
    cr_expect_eq(code, 0, "%s", said.at);
    unlink(path);
    bytes_clear(&body);
    bytes_clear(&said);
    rig_stop(&rig);
}

/* Of a file that says no more than `lines`. */
static int healthcheck(const char *lines)
{
    char path[] = "/tmp/slotway-health-XXXXXX";
    const char *const argv[] = {rig_binary(), "-c", path, "--healthcheck", NULL};
    int fd = mkstemp(path);

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, lines, strlen(lines)), (ssize_t)strlen(lines));
    close(fd);

    int code = process_run(argv, NULL);

    unlink(path);
    return code;
}

/* As in a container: the running one has its seeds from its command line. */
Test(admin, a_health_check_needs_no_seeds)
{
    struct rig *rig = rig_start(1);
    char lines[256];

    snprintf(
        lines, sizeof lines,
        "admin: {listen: \"127.0.0.1:%u\"}\n"
        "pools: [{name: a, listen: [\"127.0.0.1:1\"]}, {name: b, listen: [\"127.0.0.1:2\"]}]\n",
        rig_admin_port(rig));
    cr_expect_eq(healthcheck(lines), 0);
    cr_expect_neq(healthcheck("admin: {listen: off}\npools: [{name: a}]\n"), 0);
    rig_stop(&rig);
}
