#include "tests/support/real_cluster.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/real_nodes.h"

enum { NODES_MAX = 10, MORE_MAX = 8 };

struct real_cluster {
    struct real_nodes *nodes;
    char seeds[64];
};

void real_cluster_run_list(struct real_cluster *cluster, const char *const *arguments)
{
    struct bytes output = {0};
    int code = real_nodes_run(cluster->nodes, arguments, &output);

    cr_assert_eq(code, 0, "script/cluster %s: %s", arguments[0], output.at);
    bytes_clear(&output);
}

struct real_cluster *real_cluster_start(void)
{
    return real_cluster_start_with((const char *const[]){NULL});
}

static void real_cluster_create(struct real_cluster *cluster, const char *port,
                                const char *const *more)
{
    static const char *const usual[] = {"--password", REAL_NODES_PASSWORD,
                                        "--set",      "cluster-node-timeout 2000",
                                        "--set",      "cluster-require-full-coverage no",
                                        "--set",      "repl-diskless-sync-delay 0",
                                        "--set",      "save \"\""};
    const char *arguments[ARRAY_LEN(usual) + MORE_MAX + 4] = {"create", "--base-port", port};
    size_t count = 3;

    for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
        arguments[count++] = usual[i];
    }
    for (size_t i = 0; more[i] != NULL; i++) {
        cr_assert_lt(i, MORE_MAX);
        arguments[count++] = more[i];
    }
    real_cluster_run_list(cluster, arguments);
}

struct real_cluster *real_cluster_start_with(const char *const *more)
{
    struct real_cluster *cluster = memory_new(1, sizeof *cluster);
    char port[8];

    cluster->nodes = real_nodes_new(NODES_MAX);
    uint16_t base_port = real_nodes_base_port(cluster->nodes);
    snprintf(port, sizeof port, "%u", base_port);
    snprintf(cluster->seeds, sizeof cluster->seeds, "\"127.0.0.1:%u\", \"127.0.0.1:%u\"", base_port,
             base_port + 1);
    real_cluster_create(cluster, port, more);
    return cluster;
}

void real_cluster_stop(struct real_cluster **cluster)
{
    real_nodes_free(&(*cluster)->nodes);
    free(*cluster);
    *cluster = NULL;
}

const char *real_cluster_folder(const struct real_cluster *cluster)
{
    return real_nodes_folder(cluster->nodes);
}

uint16_t real_cluster_port(const struct real_cluster *cluster, int node)
{
    return (uint16_t)(real_nodes_base_port(cluster->nodes) + node);
}

bool real_cluster_says_list(const struct real_cluster *cluster, int node, const char *start,
                            const char *const *arguments)
{
    struct wire *wire = wire_open(real_cluster_port(cluster, node));

    if (wire == NULL) {
        return false;
    }
    wire_ask(wire, "AUTH", REAL_NODES_PASSWORD);
    bool says = strncmp(wire_ask_list(wire, arguments), start, strlen(start)) == 0;
    wire_close(&wire);
    return says;
}

bool real_cluster_is_primary(const struct real_cluster *cluster, int node)
{
    return real_cluster_says(cluster, node, "[master ", "ROLE");
}

int real_cluster_replica_of(const struct real_cluster *cluster, int primary)
{
    char role[64];

    snprintf(role, sizeof role, "[slave 127.0.0.1 %u ", real_cluster_port(cluster, primary));
    for (int node = 0; node < NODES_MAX; node++) {
        if (real_cluster_says(cluster, node, role, "ROLE")) {
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
                                               .clients = "admin: true",
                                               .backend = "password: \"" REAL_NODES_PASSWORD "\""});
}
