/* pool_index.h - from an address to the pools that are there, however many pools there are.
 *
 *      heads[hash of the address] ─> number ─> next[number] ─> ... ─> NODE_NONE
 *
 * Numbers are places in the slot table's pools[]. Worker's thread only.
 */
#ifndef PROXY_ROUTING_POOL_INDEX_H
#define PROXY_ROUTING_POOL_INDEX_H

#include "proxy/cluster/topology.h"

enum { POOL_INDEX_SIZE = 4096 };

struct pool_index {
    uint16_t *heads; /* NULL: empty */
    uint16_t *next;  /* of each number that is in it */
    uint32_t room;   /* of next */
};

void pool_index_clear(struct pool_index *index);

/* `number`, which is not in it, is at `address`. */
void pool_index_add(struct pool_index *index, const struct address *address, uint16_t number);

/* `number`, which is in it, was at `address`. */
void pool_index_remove(struct pool_index *index, const struct address *address, uint16_t number);

/* The first number that may be at `address`, and the one after `number`; NODE_NONE: no more. Others
 * may be among them. */
uint16_t pool_index_first(const struct pool_index *index, const struct address *address);

static inline uint16_t pool_index_next(const struct pool_index *index, uint16_t number)
{
    return index->next[number];
}

#endif
