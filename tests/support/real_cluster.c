#include "tests/support/real_cluster.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/ports.h"

#define CLUSTER_SCRIPT SOURCE_FOLDER "/script/cluster"
#define PASSWORD       "123456"

enum { NODES_MAX = 10, ARGUMENTS_MAX = 24 };

struct real_cluster {
    char folder[64];
    uint16_t base_port;
    char seeds[64];
    int lifeline; /* the guardian acts when this end is closed */
    pid_t guardian;
};

/* In the guardian: waits until nobody holds the other end, then cleans up. */
static void guard(const char *folder, int lifeline)
{
    int nothing = open("/dev/null", O_RDWR);
    char byte;

    setsid();
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    while (read(lifeline, &byte, 1) > 0) {
    }
    execl("/bin/sh", "sh", "-c", "\"$0\" --dir \"$1/nodes\" destroy; rm -rf \"$1\"", CLUSTER_SCRIPT,
          folder, (char *)NULL);
    _exit(127);
}

static void start_guardian(struct real_cluster *cluster)
{
    int ends[2];
    int failed = pipe2(ends, O_CLOEXEC);

    CHECK(failed == 0);
    cluster->guardian = fork();
    CHECK(cluster->guardian >= 0);
    if (cluster->guardian == 0) {
        close(ends[1]);
        guard(cluster->folder, ends[0]);
    }
    close(ends[0]);
    cluster->lifeline = ends[1];
}

void real_cluster_run_list(struct real_cluster *cluster, const char *const *arguments)
{
    char folder[80];
    const char *argv[ARGUMENTS_MAX] = {CLUSTER_SCRIPT, "--dir", folder};
    struct bytes output = {0};

    snprintf(folder, sizeof folder, "%s/nodes", cluster->folder);
    for (int i = 0; arguments[i] != NULL; i++) {
        CHECK(i + 4 < ARGUMENTS_MAX);
        argv[i + 3] = arguments[i];
    }
    int code = process_run(argv, &output);
    cr_assert_eq(code, 0, "script/cluster %s: %s", arguments[0], output.at);
    bytes_clear(&output);
}

struct real_cluster *real_cluster_start(void)
{
    struct real_cluster *cluster = memory_new(1, sizeof *cluster);
    char port[8];

    snprintf(cluster->folder, sizeof cluster->folder, "/tmp/slotway-cluster-XXXXXX");
    char *made = mkdtemp(cluster->folder);
    CHECK(made != NULL);
    cluster->base_port = port_find_row(NODES_MAX);
    snprintf(port, sizeof port, "%u", cluster->base_port);
    snprintf(cluster->seeds, sizeof cluster->seeds, "\"127.0.0.1:%u\", \"127.0.0.1:%u\"",
             cluster->base_port, cluster->base_port + 1);
    start_guardian(cluster);
    real_cluster_run(cluster, "--base-port", port, "--password", PASSWORD, "--set",
                     "cluster-node-timeout 2000", "--set", "cluster-require-full-coverage no",
                     "--set", "repl-diskless-sync-delay 0", "--set", "save \"\"", "create");
    return cluster;
}

void real_cluster_stop(struct real_cluster **cluster)
{
    close((*cluster)->lifeline);
    waitpid((*cluster)->guardian, NULL, 0);
    free(*cluster);
    *cluster = NULL;
}

uint16_t real_cluster_port(const struct real_cluster *cluster, int node)
{
    return (uint16_t)(cluster->base_port + node);
}

/* Does what ROLE says of a node start with `role`? */
static bool node_has_role(const struct real_cluster *cluster, int node, const char *role)
{
    struct wire *wire = wire_open(real_cluster_port(cluster, node));

    if (wire == NULL) {
        return false;
    }
    wire_ask(wire, "AUTH", PASSWORD);
    bool has = strncmp(wire_ask(wire, "ROLE"), role, strlen(role)) == 0;
    wire_close(&wire);
    return has;
}

bool real_cluster_is_primary(const struct real_cluster *cluster, int node)
{
    return node_has_role(cluster, node, "[master ");
}

int real_cluster_replica_of(const struct real_cluster *cluster, int primary)
{
    char role[64];

    snprintf(role, sizeof role, "[slave 127.0.0.1 %u ", real_cluster_port(cluster, primary));
    for (int node = 0; node < NODES_MAX; node++) {
        if (node_has_role(cluster, node, role)) {
            return node;
        }
    }
    cr_assert_fail("no node follows node %d", primary);
    return -1;
}

void real_cluster_do(struct real_cluster *cluster, const char *verb, int node)
{
    char place[8];

    snprintf(place, sizeof place, "%d", node);
    real_cluster_run(cluster, verb, place);
}

struct rig *real_cluster_rig(const struct real_cluster *cluster, int workers,
                             const char *request_timeout)
{
    return rig_start_with((struct rig_options){.seeds = cluster->seeds,
                                               .workers = workers,
                                               .request_timeout = request_timeout,
                                               .connect_timeout = "1s",
                                               .refresh = "5s",
                                               .backend = "password: \"" PASSWORD "\""});
}
