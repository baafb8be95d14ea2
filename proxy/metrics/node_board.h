/* node_board.h - what one worker counts for each node of a pool, for whoever asks.
 *
 *      worker 0: board ─ node a ─ node b          nodes_gather: by name, all workers added up
 *      worker 1: board ─ node b ─ node c      ──> a, b, c
 *
 * A node is on the board as long as its worker knows it, so there are as many as the cluster has,
 * and their labels come and go with them; who else has connections to it counts for it, too. The
 * counts have one writer, their worker; the board has a lock, for its list only, which the worker
 * takes when a node comes or goes.
 */
#ifndef PROXY_METRICS_NODE_BOARD_H
#define PROXY_METRICS_NODE_BOARD_H

#include "common/list.h"
#include "proxy/metrics/metrics.h"
#include "proxy/metrics/steps.h"

struct node_board;

/* The rows of a node: counters and gauges, slotway_node_ and the name here in /metrics. */
struct node_counts {
    struct list_link in_board;
    const char *name;       /* does not change while it is on the board */
    uint32_t users;         /* who have taken them; for the worker only */
    uint32_t private_busy;  /* connections that clients have for themselves; likewise */
    uint32_t missed_by;     /* so many of the users cannot reach the node; likewise */
    uint32_t told_attempts; /* how often one had tried when people were last told; likewise */
#define NODE_COUNTER(name, help) metric name;
#define NODE_GAUGE(name, help)   metric name;
#include "proxy/metrics/node_metrics.def"
    struct steps queue_time;   /* until the kernel has a request; microseconds, sampled */
    struct steps backend_time; /* from then until its answer; those that block left out */
};

/* A node, of all workers. */
struct node_figures {
    const char *name;
#define NODE_COUNTER(name, help) uint64_t name;
#define NODE_GAUGE(name, help)   uint64_t name;
#include "proxy/metrics/node_metrics.def"
    struct steps_total queue_time;
    struct steps_total backend_time;
};

struct nodes_gathered {
    struct node_figures *nodes; /* by name */
    size_t count;
};

struct node_board *node_board_new(void) MUST_USE;

/* No node may be on it. NULL is none. */
void node_board_free(struct node_board **board);

/* The worker's thread. `counts` and its name stay the caller's; a `board` of NULL is none. */
void node_board_add(struct node_board *board, struct node_counts *counts);
void node_board_remove(struct node_board *board, struct node_counts *counts);

/* The worker's thread. Those of the node of that name, which are one however often they are taken,
 * and off the board when all have given them back. With a `board` of NULL each has its own. */
struct node_counts *node_board_take(struct node_board *board, const char *name) MUST_USE;
void node_board_give_back(struct node_board *board, struct node_counts **counts);

/* Any thread. What several boards have, NULL ones left out; nothing where that is more than `most`
 * nodes, and where one of them has more than twice that, none is read at all. nodes_clear() gives
 * it back. */
struct nodes_gathered nodes_gather(struct node_board *const *boards, size_t count, size_t most);
void nodes_clear(struct nodes_gathered *gathered);

#endif
