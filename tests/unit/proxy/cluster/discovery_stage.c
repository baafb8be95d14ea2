#include "tests/unit/proxy/cluster/discovery_stage.h"

#include <fcntl.h>

#include "common/log.h"

struct published published = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void keep_published(void *context, struct topology *topology)
{
    struct published *keep = context;

    pthread_mutex_lock(&keep->mutex);
    topology_release(&keep->latest);
    keep->latest = topology;
    keep->count++;
    pthread_mutex_unlock(&keep->mutex);
}

uint32_t published_count(void)
{
    pthread_mutex_lock(&published.mutex);
    uint32_t count = published.count;
    pthread_mutex_unlock(&published.mutex);
    return count;
}

uint16_t served_by(uint16_t slot)
{
    uint16_t port = 0;

    pthread_mutex_lock(&published.mutex);
    if (published.latest != NULL && published.latest->primary_of_slot[slot] != NODE_NONE) {
        port = published.latest->nodes[published.latest->primary_of_slot[slot]].address.port;
    }
    pthread_mutex_unlock(&published.mutex);
    return port;
}

struct scripted_node nodes[STAGE_NODES];
struct address seed_items[STAGE_NODES];
struct pool_config pool;
struct discovery *discovery;

void stage_set_up(void)
{
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    for (int at = 0; at < STAGE_NODES; at++) {
        scripted_node_start(&nodes[at]);
        seed_items[at] = local_address(nodes[at].port);
    }
    pool = (struct pool_config){
        .name = "main",
        .seeds = {seed_items, 1},
        .backend_username = "default",
        .refresh = 3600ull * US_PER_SECOND,
        .refresh_min = 10 * US_PER_MS,
        .timeout_connect = 5 * US_PER_SECOND,
    };
}

void stage_make(void)
{
    discovery = discovery_new(&pool, keep_published, &published);
}

void stage_start(void)
{
    stage_start_with_lookup(address_resolve);
}

void stage_start_with_lookup(resolver_lookup *lookup)
{
    stage_make();
    discovery_use_lookup(discovery, lookup);
    discovery_start(discovery);
}

void stage_tear_down(void)
{
    discovery_free(&discovery);
    for (int at = 0; at < STAGE_NODES; at++) {
        scripted_node_stop(&nodes[at]);
    }
    topology_release(&published.latest);
}

void says_all_on(struct scripted_node *node, uint64_t epoch, int number)
{
    scripted_node_says(node, epoch, &(struct piece){0, 16383, nodes[number].port, NULL}, 1);
}

void says_three(struct scripted_node *node, uint64_t epoch, int first)
{
    struct piece pieces[] = {{0, 99, nodes[first].port, NULL},
                             {100, 5000, nodes[0].port, NULL},
                             {5001, 10000, nodes[1].port, NULL},
                             {10001, 16383, nodes[2].port, NULL}};

    scripted_node_says(node, epoch, pieces, ARRAY_LEN(pieces));
}

void stage_start_agreed(void)
{
    for (int at = 0; at < STAGE_NODES; at++) {
        says_three(&nodes[at], 5, 0);
    }
    stage_start();
    WAIT_FOR(published_count() == 1);
}
