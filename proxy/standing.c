#include "proxy/standing.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "proxy/downstream/node_view.h"

static const char *const health_names[] = {
#define ROW(symbol, name) [HEALTH_##symbol] = name,
    NODE_HEALTHS(ROW)
#undef ROW
};

const char *node_health_name(enum node_health health)
{
    CHECK(health < ARRAY_LEN(health_names));
    return health_names[health];
}

static struct standing *standing_new(size_t pool_count)
{
    struct standing *standing =
        memory_new(1, sizeof *standing + pool_count * sizeof standing->pools[0]);

    standing->at = clock_now();
    standing->pool_count = pool_count;
    return standing;
}

void standing_free(struct standing **standing)
{
    struct standing *gone = *standing;

    *standing = NULL;
    for (size_t i = 0; gone != NULL && i < gone->pool_count; i++) {
        if (gone->pools[i].topology != NULL) {
            topology_release(&gone->pools[i].topology);
        }
        table_clear(&gone->pools[i].index);
        free(gone->pools[i].nodes);
    }
    free(gone);
}

void standing_drop(void *standing)
{
    struct standing *gone = standing;

    standing_free(&gone);
}

static enum node_health health_of(const struct pool *pool)
{
    switch (pool->breaker) {
    case BREAKER_OPEN: return HEALTH_SILENT;
    case BREAKER_SUSPECT: return HEALTH_SUSPECT;
    case BREAKER_CLOSED: break;
    }
    if (pool->attempts > 0) {
        return HEALTH_UNREACHABLE;
    }
    return pool_is_connected(pool) ? HEALTH_CONNECTED : HEALTH_UNUSED;
}

static uint32_t count_ready(const struct pool *pool)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i <= pool->upstream_count; i++) {
        count += pool->upstreams[i].state == UPSTREAM_READY;
    }
    for (size_t place = PRIVATE_BUSY; place < PRIVATE_PLACES; place++) {
        count += pool->privates.count[place];
    }
    return count;
}

static void node_look(struct node_standing *node, const struct pool *pool)
{
    uint64_t now = reactor_now(pool->site->reactor);
    struct steps_total times = {.sum = 0};

    snprintf(node->id, sizeof node->id, "%s", pool->id);
    snprintf(node->name, sizeof node->name, "%s", pool->name);
    node->health = health_of(pool);
    node->ill_workers = node->health > HEALTH_CONNECTED;
    node->connections = count_ready(pool);
    node->in_flight = node_view_in_flight(pool) + pool->privates.count[PRIVATE_BUSY];
    node->down_us = pool->down_since == 0 ? 0 : now - pool->down_since;
    steps_add_to(&pool->counts->backend_time, &times);
    node->sent_total = metric_read(&pool->counts->requests_total);
    node->timed_total = steps_count(&times);
    node->timed_us = times.sum;
}

static bool is_the_same(const struct node_standing *a, const struct node_standing *b)
{
    return a->id[0] != '\0' || b->id[0] != '\0' ? strcmp(a->id, b->id) == 0
                                                : strcmp(a->name, b->name) == 0;
}

static uint64_t hash_of(const struct node_standing *node)
{
    return table_hash_bytes(span_of(node->id[0] != '\0' ? node->id : node->name));
}

struct node_standing *standing_find(const struct pool_standing *pool,
                                    const struct node_standing *node)
{
    struct table_link *link = table_first(&pool->index, hash_of(node));

    for (; link != NULL; link = table_next(link)) {
        struct node_standing *found = container_of(link, struct node_standing, in_index);

        if (is_the_same(found, node)) {
            return found;
        }
    }
    return NULL;
}

/* The pool's next node; there is room, so that none moves. */
static void index_next(struct pool_standing *pool)
{
    struct node_standing *node = &pool->nodes[pool->count++];

    table_add(&pool->index, &node->in_index, hash_of(node));
}

static void node_add(struct node_standing *to, const struct node_standing *from)
{
    to->health = from->health > to->health ? from->health : to->health;
    to->ill_workers += from->ill_workers;
    to->connections += from->connections;
    to->in_flight += from->in_flight;
    to->sent_total += from->sent_total;
    to->down_us = from->down_us > to->down_us ? from->down_us : to->down_us;
    to->timed_total += from->timed_total;
    to->timed_us += from->timed_us;
}

/* What this worker has of a node as several users is one. */
static void own_node_look(struct pool_standing *standing, const struct pool *pool)
{
    struct node_standing node = {0};
    struct node_standing *known;

    node_look(&node, pool);
    known = standing_find(standing, &node);
    if (known != NULL && pool->site->credentials != NULL) {
        /* They are the node's, and there already. */
        node.sent_total = node.timed_total = node.timed_us = 0;
    }
    if (known == NULL) {
        standing->nodes[standing->count] = node;
        index_next(standing);
        return;
    }
    node_add(known, &node);
    known->ill_workers = known->health > HEALTH_CONNECTED;
}

static void nodes_look(struct pool_standing *standing, const struct dispatcher *dispatcher)
{
    const struct slot_table *table = &dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        const struct pool *pool = table->pools[i];

        if (pool != NULL && !(pool->is_leaving && pool_is_idle(pool))) {
            own_node_look(standing, pool);
        }
    }
}

static const struct dispatcher *companion_at(const struct list_link *link)
{
    return container_of(link, struct dispatcher, in_companions);
}

static void pool_look(struct pool_standing *standing, const struct dispatcher *dispatcher)
{
    struct topology *topology = dispatcher->table.topology;
    size_t room = 1u + dispatcher->table.pool_count;

    LIST_EACH (link, &dispatcher->companions) {
        room += companion_at(link)->table.pool_count;
    }
    standing->topology = topology == NULL ? NULL : topology_take(topology);
    standing->waiting = dispatcher->waiting_count;
    standing->nodes = memory_new(room, sizeof *standing->nodes);
    nodes_look(standing, dispatcher);
    LIST_EACH (link, &dispatcher->companions) {
        nodes_look(standing, companion_at(link));
    }
}

void *standing_look(struct worker *worker, const struct inquiry_question *question UNUSED)
{
    struct standing *standing = standing_new(worker->pool_count);

    for (size_t i = 0; i < worker->pool_count; i++) {
        pool_look(&standing->pools[i], worker->pools[i].dispatcher);
    }
    return standing;
}

static void node_name(struct node_standing *to, const struct node *node)
{
    snprintf(to->id, sizeof to->id, "%s", node->id);
    address_print(&node->address, to->name, sizeof to->name);
}

/* The newest picture that any worker has: others will have it in a moment. */
static void take_picture(struct pool_standing *pool, struct topology *topology)
{
    uint64_t version = pool->topology == NULL ? 0 : pool->topology->version;

    if (topology != NULL && topology->version > version) {
        if (pool->topology != NULL) {
            topology_release(&pool->topology);
        }
        pool->topology = topology_take(topology);
    }
}

static void begin_pool(struct pool_standing *pool, const struct inquiry_findings *findings,
                       size_t number)
{
    size_t room = 1;

    for (size_t i = 0; i < findings->worker_count; i++) {
        const struct standing *found = findings->by_worker[i];

        if (found != NULL && number < found->pool_count) {
            take_picture(pool, found->pools[number].topology);
            room += found->pools[number].count;
        }
    }

    size_t named = pool->topology == NULL ? 0 : pool->topology->node_count;

    pool->nodes = memory_new(room + named, sizeof *pool->nodes);
    for (size_t i = 0; i < named; i++) {
        node_name(&pool->nodes[i], &pool->topology->nodes[i]);
        index_next(pool);
    }
}

static void add_pool(struct pool_standing *pool, const struct pool_standing *found)
{
    pool->waiting += found->waiting;
    for (size_t i = 0; i < found->count; i++) {
        struct node_standing *node = standing_find(pool, &found->nodes[i]);

        pool->in_flight += found->nodes[i].in_flight;
        if (node == NULL) {
            pool->nodes[pool->count] = found->nodes[i];
            index_next(pool);
        } else {
            node_add(node, &found->nodes[i]);
        }
    }
}

struct standing *standing_merge(const struct inquiry_findings *findings, size_t pool_count)
{
    struct standing *standing = standing_new(pool_count);

    standing->answered = findings->answered;
    standing->worker_count = findings->worker_count;
    for (size_t pool = 0; pool < pool_count; pool++) {
        begin_pool(&standing->pools[pool], findings, pool);
        for (size_t i = 0; i < findings->worker_count; i++) {
            const struct standing *found = findings->by_worker[i];

            if (found != NULL && pool < found->pool_count) {
                add_pool(&standing->pools[pool], &found->pools[pool]);
            }
        }
    }
    return standing;
}
