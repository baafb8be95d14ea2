#include "proxy/routing/slot_table.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/upstream/outage.h"
#include "proxy/upstream/private.h"

/* More than this only a node that makes addresses up can lead us to. */
enum { POOLS_MAX = 2 * TOPOLOGY_NODES_MAX };

void slot_table_init(struct slot_table *table, const struct pool_site *site)
{
    table->site = site;
    table->topology = NULL;
    table->pools = NULL;
    table->pool_count = 0;
    table->next_primary = 0;
    table->next_serial = 0;
    table->adopted_at = 0;
    table->by_address = (struct pool_index){0};
    table->free_from = 0;
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        table->slots[slot] = (struct slot_entry){.owner = NODE_NONE};
        table->patched_at[slot] = 0;
    }
}

void slot_table_clear(struct slot_table *table)
{
    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL) {
            pool_free(&table->pools[i]);
        }
    }
    free(table->pools);
    table->pools = NULL;
    table->pool_count = 0;
    pool_index_clear(&table->by_address);
    if (table->topology != NULL) {
        topology_release(&table->topology);
    }
}

/* The first free index, in a longer array if need be. NODE_NONE is never given out. */
static uint16_t slot_table_free_index(struct slot_table *table)
{
    while (table->free_from < table->pool_count) {
        if (table->pools[table->free_from++] == NULL) {
            return (uint16_t)(table->free_from - 1);
        }
    }
    CHECK(table->pool_count < NODE_NONE - 1);
    table->pools = memory_resize(table->pools, table->pool_count + 1u, sizeof *table->pools);
    table->pools[table->pool_count] = NULL;
    table->free_from = (uint16_t)(table->pool_count + 1u);
    return table->pool_count++;
}

static struct pool *slot_table_add(struct slot_table *table, const char *id,
                                   const struct address *address, const struct endpoint *endpoint)
{
    uint16_t index = slot_table_free_index(table);
    struct pool *pool = pool_new(table->site, id, address, endpoint);

    pool->index = index;
    pool->serial = table->next_serial++;
    table->pools[index] = pool;
    pool_index_add(&table->by_address, address, index);
    return pool;
}

static void slot_table_remove(struct slot_table *table, uint16_t index)
{
    pool_index_remove(&table->by_address, &table->pools[index]->address, index);
    pool_free(&table->pools[index]);
    if (index < table->free_from) {
        table->free_from = index;
    }
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    return a->size == b->size && memcmp(&a->storage, &b->storage, a->size) == 0;
}

/* The pool of a node: by id and address, or one that a redirection opened at its address. */
static struct pool *slot_table_pool_of(struct slot_table *table, const struct node *node)
{
    struct pool *nameless = NULL;

    for (uint16_t i = pool_index_first(&table->by_address, &node->address); i != NODE_NONE;
         i = pool_index_next(&table->by_address, i)) {
        struct pool *pool = table->pools[i];

        if (!address_equal(&pool->address, &node->address) ||
            !same_endpoint(&pool->endpoint, &node->endpoint)) {
            continue;
        }
        if (strcmp(pool->id, node->id) == 0) {
            return pool;
        }
        if (pool->id[0] == '\0') {
            nameless = pool;
        }
    }
    if (nameless == NULL) {
        return slot_table_add(table, node->id, &node->address, &node->endpoint);
    }
    memcpy(nameless->id, node->id, sizeof nameless->id);
    return nameless;
}

static void mark_all_leaving(struct slot_table *table)
{
    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL) {
            table->pools[i]->is_leaving = true;
            table->pools[i]->is_primary = false;
        }
    }
}

/* Led back to a former owner, requests could be refused in part, and run in part, when the slot
 * comes back to it. */
static bool patch_is_younger(const struct slot_table *table, uint32_t slot)
{
    uint64_t asked_at = table->topology->asked_at;

    return asked_at > 0 && table->patched_at[slot] > asked_at;
}

static uint32_t slot_table_fill(struct slot_table *table, const uint16_t *pool_of_node,
                                uint64_t *changed)
{
    uint32_t count = 0;

    memset(changed, 0, SLOT_COUNT / 8);
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        uint16_t node = table->topology->primary_of_slot[slot];
        uint16_t owner = node == NODE_NONE ? NODE_NONE : pool_of_node[node];

        if (patch_is_younger(table, slot)) {
            table->pools[table->slots[slot].owner]->is_patched_in = true;
            continue;
        }
        table->patched_at[slot] = 0;
        if (table->slots[slot].owner != owner) {
            table->slots[slot].owner = owner;
            changed[slot / 64] |= UINT64_C(1) << (slot % 64);
            count++;
        }
    }
    return count;
}

uint32_t slot_table_adopt(struct slot_table *table, struct topology *topology, uint64_t *changed)
{
    uint16_t *pool_of_node = memory_new(topology->node_count, sizeof *pool_of_node);

    if (table->topology != NULL) {
        topology_release(&table->topology);
    }
    table->topology = topology;
    table->adopted_at = reactor_now(table->site->reactor);
    mark_all_leaving(table);
    for (uint16_t i = 0; i < topology->node_count; i++) {
        struct pool *pool = slot_table_pool_of(table, &topology->nodes[i]);

        pool->is_leaving = false;
        pool->is_patched_in = false;
        pool->is_primary = topology->nodes[i].role == NODE_PRIMARY;
        pool_of_node[i] = pool->index;
    }

    uint32_t count = slot_table_fill(table, pool_of_node, changed);

    free(pool_of_node);
    return count;
}

void slot_table_forget(struct slot_table *table)
{
    if (table->topology != NULL) {
        topology_release(&table->topology);
    }
    mark_all_leaving(table);
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        table->slots[slot].owner = NODE_NONE;
        table->patched_at[slot] = 0;
    }
}

void slot_table_patch(struct slot_table *table, uint16_t slot, struct pool *pool)
{
    table->slots[slot].owner = pool->index;
    table->patched_at[slot] = clock_now();
    pool->is_patched_in = true;
}

static uint16_t pictured_owner(struct slot_table *table, uint32_t slot)
{
    uint16_t node = table->topology == NULL ? NODE_NONE : table->topology->primary_of_slot[slot];

    return node == NODE_NONE ? NODE_NONE
                             : slot_table_pool_of(table, &table->topology->nodes[node])->index;
}

uint32_t slot_table_take_from(struct slot_table *table, struct pool *pool, uint64_t *changed)
{
    uint32_t count = 0;

    memset(changed, 0, SLOT_COUNT / 8);
    if (!pool->is_patched_in) {
        return 0;
    }
    pool->is_patched_in = false;
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        struct slot_entry *entry = &table->slots[slot];

        if (entry->owner == pool->index && pictured_owner(table, slot) != pool->index) {
            entry->owner = pictured_owner(table, slot);
            table->patched_at[slot] = 0;
            changed[slot / 64] |= UINT64_C(1) << (slot % 64);
            count++;
        }
    }
    return count;
}

struct pool *slot_table_pool(const struct slot_table *table, uint16_t index, uint32_t serial)
{
    struct pool *pool = index < table->pool_count ? table->pools[index] : NULL;

    return pool == NULL || pool->serial != serial ? NULL : pool;
}

static struct pool *slot_table_find(const struct slot_table *table, const struct address *address)
{
    for (uint16_t i = pool_index_first(&table->by_address, address); i != NODE_NONE;
         i = pool_index_next(&table->by_address, i)) {
        struct pool *pool = table->pools[i];

        if (!pool->is_leaving && address_equal(&pool->address, address)) {
            return pool;
        }
    }
    return NULL;
}

struct pool *slot_table_pool_at(struct slot_table *table, const struct address *announced)
{
    struct address address = *announced;
    struct endpoint endpoint;

    address_map_apply(&table->site->config->address_map, &address);

    struct pool *pool = slot_table_find(table, &address);

    if (pool != NULL || table->free_from >= POOLS_MAX ||
        !address_to_endpoint(&address, &endpoint)) {
        return pool;
    }
    log_info("redirected to a node that is not known yet", "host=%s port=%u", address.host,
             address.port);
    return slot_table_add(table, "", &address, &endpoint);
}

/* How little it is to be chosen where any will do: who is silent may have stopped. */
enum reluctance { GLADLY, SUSPECTED, IN_TROUBLE, HALTED, NEVER };

static enum reluctance reluctance_of(const struct pool *pool)
{
    if (pool->is_halted) {
        return HALTED;
    }
    if (pool->attempts > 0 || pool->breaker == BREAKER_OPEN || pool->is_drained) {
        return IN_TROUBLE;
    }
    return pool->breaker == BREAKER_SUSPECT ? SUSPECTED : GLADLY;
}

struct pool *slot_table_any_primary(struct slot_table *table)
{
    enum reluctance least = NEVER;
    struct pool *best = NULL;

    for (uint32_t i = 0; i < table->pool_count && least != GLADLY; i++) {
        struct pool *pool = table->pools[(table->next_primary + i) % table->pool_count];

        if (pool != NULL && pool->is_primary && reluctance_of(pool) < least) {
            best = pool;
            least = reluctance_of(pool);
        }
    }
    if (least <= SUSPECTED) {
        table->next_primary = (uint16_t)((best->index + 1) % table->pool_count);
    }
    return best;
}

uint32_t slot_table_count(const struct slot_table *table, const struct pool *pool)
{
    uint32_t count = 0;

    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        count += table->slots[slot].owner == pool->index;
    }
    return count;
}

/* A pool at an address that a redirection named serves as long as the table points to it. */
static bool slot_table_uses(const struct slot_table *table, const struct pool *pool)
{
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        if (table->slots[slot].owner == pool->index) {
            return true;
        }
    }
    return false;
}

/* Nobody needs it any more: no picture names it, or only a redirection ever did, and for longer
 * than a failover takes there has been nobody. */
static bool slot_table_is_over(const struct slot_table *table, const struct pool *pool)
{
    bool is_lost =
        pool->id[0] == '\0' && pool->down_since != 0 &&
        pool->down_since + table->site->config->down_after < reactor_now(table->site->reactor);

    return (pool->is_leaving || is_lost) && pool_is_idle(pool) && !slot_table_uses(table, pool);
}

/* All tables of a worker come to the same number. */
void slot_table_count_unreachable(const struct slot_table *table)
{
    uint64_t count = 0;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        const struct pool *pool = table->pools[i];

        count += pool != NULL && !pool->is_leaving && pool->id[0] != '\0' && outage_is_on(pool);
    }
    atomic_store_explicit(&table->site->metrics->nodes_unreachable, count, memory_order_relaxed);
}

bool slot_table_tend(struct slot_table *table)
{
    bool again = false;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        struct pool *pool = table->pools[i];

        if (pool == NULL) {
            continue;
        }
        if (slot_table_is_over(table, pool)) {
            slot_table_remove(table, i);
            continue;
        }
        if (!pool->is_leaving) {
            pool_probe(pool);
        }
        again = private_tend(pool) || again || pool->is_leaving || pool_is_ill(pool);
    }
    slot_table_count_unreachable(table);
    return again;
}
