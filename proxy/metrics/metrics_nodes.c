#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/metrics/metrics_parts.h"
#include "proxy/metrics/node_board.h"

static const struct family node_families[] = {
#define NODE_COUNTER(name, help) {"slotway_node_" #name, "counter", "pool, node", help},
#define NODE_GAUGE(name, help)   {"slotway_node_" #name, "gauge", "pool, node", help},
#include "proxy/metrics/node_metrics.def"
};

static const size_t node_offsets[] = {
#define NODE_COUNTER(name, help) offsetof(struct node_figures, name),
#define NODE_GAUGE(name, help)   offsetof(struct node_figures, name),
#include "proxy/metrics/node_metrics.def"
};

/* 64 us to 4 s, by fours: there may be many nodes. */
static const struct metrics_steps backend = {FAMILY_NODE_BACKEND_SECONDS, UNIT_SECONDS, 6, 22, 2};

const struct family *metrics_node_families(size_t *count)
{
    *count = ARRAY_LEN(node_families);
    return node_families;
}

static struct nodes_gathered gather(const struct metrics_source *source)
{
    struct node_board **boards = memory_new(source->worker_count + 1, sizeof(struct node_board *));

    for (size_t worker = 0; worker < source->worker_count; worker++) {
        boards[worker] = source->workers[worker]->nodes;
    }

    struct nodes_gathered gathered = nodes_gather(boards, source->worker_count, source->nodes_max);

    free(boards);
    return gathered;
}

/* All that is told of the nodes of one pool. */
struct told {
    const char *pool;
    struct nodes_gathered gathered;
};

static void write_figures(struct sendq *to, const struct told *told, size_t family)
{
    for (size_t i = 0; i < told->gathered.count; i++) {
        const struct node_figures *node = &told->gathered.nodes[i];
        const char *at = (const char *)node + node_offsets[family];
        const struct metrics_label labels[] = {{"pool", told->pool}, {"node", node->name}};

        metrics_write_count(to, node_families[family].name, labels, ARRAY_LEN(labels),
                            *(const uint64_t *)(const void *)at);
    }
}

static void write_backend(struct sendq *to, const struct told *told)
{
    for (size_t i = 0; i < told->gathered.count; i++) {
        const struct node_figures *node = &told->gathered.nodes[i];
        const struct metrics_label labels[] = {{"pool", told->pool}, {"node", node->name}};

        metrics_write_steps(to, &backend, labels, ARRAY_LEN(labels), &node->backend_time);
    }
}

/* A summary without quantiles: its mean, in two samples. */
static void write_queue(struct sendq *to, const struct told *told)
{
    const char *name = metrics_family_of(FAMILY_NODE_QUEUE_SECONDS)->name;
    char sum[64];
    char count[64];

    snprintf(sum, sizeof sum, "%s_sum", name);
    snprintf(count, sizeof count, "%s_count", name);
    for (size_t i = 0; i < told->gathered.count; i++) {
        const struct node_figures *node = &told->gathered.nodes[i];
        const struct metrics_label labels[] = {{"pool", told->pool}, {"node", node->name}};

        metrics_write_number(to, sum, labels, ARRAY_LEN(labels),
                             (double)node->queue_time.sum / US_PER_SECOND);
        metrics_write_count(to, count, labels, ARRAY_LEN(labels), steps_count(&node->queue_time));
    }
}

/* All samples of a family stand together. */
static void write_told(struct sendq *to, const struct told *told, size_t count)
{
    for (size_t family = 0; family < ARRAY_LEN(node_families); family++) {
        metrics_write_head(to, &node_families[family]);
        for (size_t pool = 0; pool < count; pool++) {
            write_figures(to, &told[pool], family);
        }
    }
    metrics_write_family(to, FAMILY_NODE_BACKEND_SECONDS);
    for (size_t pool = 0; pool < count; pool++) {
        write_backend(to, &told[pool]);
    }
    metrics_write_family(to, FAMILY_NODE_QUEUE_SECONDS);
    for (size_t pool = 0; pool < count; pool++) {
        write_queue(to, &told[pool]);
    }
}

void metrics_write_nodes(struct sendq *to, const struct metrics_source *sources, size_t count)
{
    struct told *told = memory_new(count + 1, sizeof *told);

    for (size_t pool = 0; pool < count; pool++) {
        told[pool] = (struct told){sources[pool].pool, gather(&sources[pool])};
    }
    write_told(to, told, count);
    for (size_t pool = 0; pool < count; pool++) {
        nodes_clear(&told[pool].gathered);
    }
    free(told);
}
