/* slot_table.h - a worker's own view of the cluster: from slot to pool, patched by redirections.
 *
 *      slots[5] = { owner: 2, watched: 0 }   owner: index into pools[], NODE_NONE when unbound
 *                                            watched: gates and moves in progress for the slot;
 *                                            0 is the plain path: send, and do not look further
 *
 * The picture from discovery fills it, a MOVED changes one slot at once, and the next picture that
 * was asked for after that overrules both. Pools are found by node id, or by address where a
 * redirection named one that no picture knows yet. An index stays a pool's as long as it lives, and
 * may be another's later: who remembers one across turns remembers the pool's serial number too.
 * Worker's thread only.
 */
#ifndef PROXY_ROUTING_SLOT_TABLE_H
#define PROXY_ROUTING_SLOT_TABLE_H

#include "proxy/routing/pool_index.h"
#include "proxy/upstream/pool.h"

struct slot_entry {
    uint16_t owner;
    uint32_t watched;
};

struct slot_table {
    const struct pool_site *site;
    struct topology *topology; /* the picture in use; NULL before the first */
    struct pool **pools;       /* by index; NULL where one was and went */
    uint16_t pool_count;       /* length of pools */
    uint16_t free_from;        /* below it no place of pools is NULL */
    struct pool_index by_address;
    uint64_t adopted_at;   /* when the picture was taken over */
    uint32_t next_serial;  /* of the next new pool */
    uint16_t next_primary; /* where the search for any primary goes on */
    struct slot_entry slots[SLOT_COUNT];
    uint64_t patched_at[SLOT_COUNT]; /* by a redirection; 0: not since the picture */
};

/* Borrows `site`. All slots are unbound. */
void slot_table_init(struct slot_table *table, const struct pool_site *site);

/* All requests must have been given back: pools are closed and freed. */
void slot_table_clear(struct slot_table *table);

/* Takes the reference. Returns how many slots changed their owner, and sets their bits in
 * `changed` (SLOT_COUNT bits, zeroed by this). Pools that the picture does not name are leaving. */
uint32_t slot_table_adopt(struct slot_table *table, struct topology *topology, uint64_t *changed);

/* As before the first picture: all slots are unbound, and all pools leaving. */
void slot_table_forget(struct slot_table *table);

/* A redirection says that `slot` is served by `pool`. */
void slot_table_patch(struct slot_table *table, uint16_t slot, struct pool *pool);

/* `pool` has no connection: slots that it owns by a redirection alone go back to whom the picture
 * names, for the redirection may have been wrong, or its node may be gone before any picture knew
 * it. Returns and sets the same as slot_table_adopt. */
uint32_t slot_table_take_from(struct slot_table *table, struct pool *pool, uint64_t *changed);

static inline bool slot_bit(const uint64_t *bits, uint16_t slot)
{
    return (bits[slot / 64] >> (slot % 64)) & 1;
}

/* The pool with that index if it still is the one with that serial number; NULL otherwise. */
struct pool *slot_table_pool(const struct slot_table *table, uint16_t index, uint32_t serial);

/* The pool behind the address that a redirection announced, mapped as the configuration says:
 * known, or new if it is numeric and there are not absurdly many; NULL otherwise. */
struct pool *slot_table_pool_at(struct slot_table *table, const struct address *announced);

/* One of the primaries in turn, one that accepts requests, is not suspected to be silent, and that
 * no operator has paused or is draining, if there is any; NULL without primaries. */
struct pool *slot_table_any_primary(struct slot_table *table);

/* How many slots go to `pool`. */
uint32_t slot_table_count(const struct slot_table *table, const struct pool *pool);

/* Probes pools that are out of reach; closes and frees leaving ones that have nothing in flight,
 * and those of addresses that only a redirection named and where nobody has been for long. Returns
 * true when pools remain that must be looked after. */
bool slot_table_tend(struct slot_table *table);

/* Sets metric nodes_unreachable: announced nodes that any of the worker's users cannot reach. */
void slot_table_count_unreachable(const struct slot_table *table);

#endif
