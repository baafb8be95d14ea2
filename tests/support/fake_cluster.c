#include "tests/support/fake_cluster.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/fake_node.h"

enum { SLOTS = 16384, ID_SIZE = 40 };

struct fake_cluster {
    int count;
    struct fake_node *nodes[FAKE_NODES_MAX];
    char ids[FAKE_NODES_MAX][ID_SIZE + 1];
    uint16_t ports[FAKE_NODES_MAX];
    char addresses[FAKE_NODES_MAX][32];
    pthread_mutex_t lock;
    struct {
        int owners[SLOTS];
        int primaries[FAKE_NODES_MAX]; /* FAKE_NOBODY: is one itself */
        const char *hosts[FAKE_NODES_MAX];
        int epoch;
        const char *version;
        const char *commands;
        int command_count;
    } locked;
};

struct fake_cluster *fake_cluster_new(int count)
{
    static unsigned clusters;
    struct fake_cluster *cluster = memory_new(1, sizeof *cluster);

    CHECK(count >= 0 && count <= FAKE_NODES_MAX);
    pthread_mutex_init(&cluster->lock, NULL);
    cluster->count = count;
    clusters++;
    cluster->locked.epoch = count;
    cluster->locked.version = "7.0.0";
    cluster->locked.commands = "";
    for (int slot = 0; slot < SLOTS; slot++) {
        cluster->locked.owners[slot] = count == 0 ? FAKE_NOBODY : slot * count / SLOTS;
    }
    for (int i = 0; i < count; i++) {
        cluster->locked.primaries[i] = FAKE_NOBODY;
        cluster->locked.hosts[i] = "127.0.0.1";
        snprintf(cluster->ids[i], sizeof cluster->ids[i], "%08x%08x%024x", (unsigned)getpid(),
                 clusters, i + 1);
    }
    for (int i = 0; i < count; i++) {
        cluster->nodes[i] = fake_node_new(cluster, i);
        fake_cluster_announce_port(cluster, i, fake_node_port(cluster->nodes[i]));
    }
    return cluster;
}

void fake_cluster_free(struct fake_cluster **cluster)
{
    if (*cluster == NULL) {
        return;
    }
    for (int i = 0; i < (*cluster)->count; i++) {
        fake_node_free(&(*cluster)->nodes[i]);
    }
    pthread_mutex_destroy(&(*cluster)->lock);
    free(*cluster);
    *cluster = NULL;
}

struct fake_node *fake_cluster_node(const struct fake_cluster *cluster, int index)
{
    CHECK(index >= 0 && index < cluster->count);
    return cluster->nodes[index];
}

int fake_cluster_size(const struct fake_cluster *cluster)
{
    return cluster->count;
}

void fake_cluster_give(struct fake_cluster *cluster, int first, int last, int node)
{
    pthread_mutex_lock(&cluster->lock);
    for (int slot = first; slot <= last; slot++) {
        cluster->locked.owners[slot] = node;
    }
    cluster->locked.epoch++;
    pthread_mutex_unlock(&cluster->lock);
}

int fake_cluster_owner(struct fake_cluster *cluster, int slot)
{
    pthread_mutex_lock(&cluster->lock);
    int owner = cluster->locked.owners[slot];
    pthread_mutex_unlock(&cluster->lock);
    return owner;
}

void fake_cluster_follow(struct fake_cluster *cluster, int replica, int primary)
{
    pthread_mutex_lock(&cluster->lock);
    cluster->locked.primaries[replica] = primary;
    for (int slot = 0; slot < SLOTS; slot++) {
        if (cluster->locked.owners[slot] == replica) {
            cluster->locked.owners[slot] = primary;
        }
    }
    pthread_mutex_unlock(&cluster->lock);
}

void fake_cluster_announce(struct fake_cluster *cluster, int node, const char *host)
{
    pthread_mutex_lock(&cluster->lock);
    cluster->locked.hosts[node] = host;
    pthread_mutex_unlock(&cluster->lock);
}

void fake_cluster_announce_port(struct fake_cluster *cluster, int node, uint16_t port)
{
    pthread_mutex_lock(&cluster->lock);
    cluster->ports[node] = port;
    snprintf(cluster->addresses[node], sizeof cluster->addresses[node], "127.0.0.1:%u", port);
    pthread_mutex_unlock(&cluster->lock);
}

const char *fake_cluster_address(const struct fake_cluster *cluster, int node)
{
    return cluster->addresses[node];
}

void fake_cluster_set_epoch(struct fake_cluster *cluster, int epoch)
{
    pthread_mutex_lock(&cluster->lock);
    cluster->locked.epoch = epoch;
    pthread_mutex_unlock(&cluster->lock);
}

static void print_node_locked(const struct fake_cluster *cluster, int node, struct bytes *reply)
{
    const char *host = cluster->locked.hosts[node];

    bytes_print(reply, "*4\r\n");
    if (host == NULL) {
        bytes_print(reply, "$-1\r\n");
    } else {
        bytes_print(reply, "$%zu\r\n%s\r\n", strlen(host), host);
    }
    bytes_print(reply, ":%d\r\n$%d\r\n%s\r\n*0\r\n", cluster->ports[node], ID_SIZE,
                cluster->ids[node]);
}

static void print_range_locked(const struct fake_cluster *cluster, int first, int last,
                               struct bytes *reply)
{
    int owner = cluster->locked.owners[first];
    int replicas = 0;

    for (int i = 0; i < cluster->count; i++) {
        replicas += cluster->locked.primaries[i] == owner;
    }
    bytes_print(reply, "*%d\r\n:%d\r\n:%d\r\n", 3 + replicas, first, last);
    print_node_locked(cluster, owner, reply);
    for (int i = 0; i < cluster->count; i++) {
        if (cluster->locked.primaries[i] == owner) {
            print_node_locked(cluster, i, reply);
        }
    }
}

static int range_end_locked(const struct fake_cluster *cluster, int first)
{
    int last = first;

    while (last + 1 < SLOTS && cluster->locked.owners[last + 1] == cluster->locked.owners[first]) {
        last++;
    }
    return last;
}

void fake_cluster_print_slots(struct fake_cluster *cluster, struct bytes *reply)
{
    struct bytes ranges = {0};
    int count = 0;

    pthread_mutex_lock(&cluster->lock);
    for (int first = 0; first < SLOTS; first = range_end_locked(cluster, first) + 1) {
        if (cluster->locked.owners[first] != FAKE_NOBODY) {
            print_range_locked(cluster, first, range_end_locked(cluster, first), &ranges);
            count++;
        }
    }
    pthread_mutex_unlock(&cluster->lock);
    bytes_print(reply, "*%d\r\n", count);
    bytes_add(reply, ranges.at, ranges.size);
    bytes_clear(&ranges);
}

void fake_cluster_print_info(struct fake_cluster *cluster, struct bytes *reply)
{
    char text[256];

    pthread_mutex_lock(&cluster->lock);
    int size = snprintf(text, sizeof text,
                        "cluster_state:ok\r\ncluster_slots_assigned:16384\r\n"
                        "cluster_known_nodes:%d\r\ncluster_size:%d\r\ncluster_current_epoch:%d\r\n",
                        cluster->count, cluster->count, cluster->locked.epoch);
    pthread_mutex_unlock(&cluster->lock);
    bytes_print(reply, "$%d\r\n%s\r\n", size, text);
}

void fake_cluster_teach(struct fake_cluster *cluster, const char *version, int count,
                        const char *commands)
{
    pthread_mutex_lock(&cluster->lock);
    cluster->locked.version = version;
    cluster->locked.commands = commands;
    cluster->locked.command_count = count;
    pthread_mutex_unlock(&cluster->lock);
}

void fake_cluster_print_server(struct fake_cluster *cluster, struct bytes *reply)
{
    char text[256];

    pthread_mutex_lock(&cluster->lock);
    int size = snprintf(text, sizeof text, "# Server\r\nredis_version:%s\r\nredis_mode:cluster\r\n",
                        cluster->locked.version);
    pthread_mutex_unlock(&cluster->lock);
    bytes_print(reply, "$%d\r\n%s\r\n", size, text);
}

void fake_cluster_print_commands(struct fake_cluster *cluster, struct bytes *reply)
{
    pthread_mutex_lock(&cluster->lock);
    bytes_print(reply, "*%d\r\n%s", cluster->locked.command_count, cluster->locked.commands);
    pthread_mutex_unlock(&cluster->lock);
}

void fake_cluster_print_command_count(struct fake_cluster *cluster, struct bytes *reply)
{
    pthread_mutex_lock(&cluster->lock);
    bytes_print(reply, ":%d\r\n", cluster->locked.command_count);
    pthread_mutex_unlock(&cluster->lock);
}

const char *fake_cluster_id(const struct fake_cluster *cluster, int node)
{
    return cluster->ids[node];
}
