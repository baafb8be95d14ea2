/* nodes.h - where load connects to, and which node serves which slot.
 *
 * Without a cluster there is one node, and it serves all. Nodes are never forgotten, so an index
 * stays good. One thread; asking blocks.
 */
#ifndef BENCH_LOAD_NODES_H
#define BENCH_LOAD_NODES_H

#include "bench/load/options.h"
#include "common/address.h"
#include "proxy/cluster/slot.h"

enum { NODES_MAX = 1024, NODES_NONE = UINT16_MAX, NODES_WHY_MAX = 256 };

struct nodes {
    uint16_t count;
    uint16_t of_slot[SLOT_COUNT]; /* index, or NODES_NONE */
    struct address addresses[NODES_MAX];
    struct endpoint endpoints[NODES_MAX];
    char why[NODES_WHY_MAX]; /* something did not work */
};

/* One node that serves all slots. False, and `why`, when its host cannot be resolved. */
bool nodes_init(struct nodes *nodes, const char *host, uint16_t port) MUST_USE;

/* Asks the nodes in turn, until one answers, who serves what. False, and `why`, when none does. */
bool nodes_ask(struct nodes *nodes, const char *user, const char *password) MUST_USE;

/* Does anybody send to it? */
bool nodes_serves(const struct nodes *nodes, uint16_t node);

#endif
