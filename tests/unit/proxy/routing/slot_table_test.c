#include "common/log.h"
#include "proxy/upstream/outage.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct slot_table *table;

static void open_stage(void)
{
    stage_open(&stage);
    table = &stage.dispatcher->table;
}

static void close_stage(void)
{
    stage_close(&stage);
}

TestSuite(slot_table, .init = open_stage, .fini = close_stage, .timeout = 30);

static struct address address_of(const char *host, uint16_t port)
{
    struct address address;

    cr_assert_eq(address_set(&address, span_of(host), port), ADDRESS_OK);
    return address;
}

static struct topology *topology_of(uint16_t nodes)
{
    struct topology *topology = topology_new();

    for (uint16_t i = 0; i < nodes; i++) {
        struct address address = address_of("127.0.0.1", (uint16_t)(7000 + i));
        char id[NODE_ID_SIZE + 1];

        snprintf(id, sizeof id, "%040u", i);
        topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE);
        cr_assert(address_to_endpoint(&address, &topology->nodes[i].endpoint));
    }
    return topology;
}

static void serve(struct topology *topology, uint16_t node, uint32_t from, uint32_t to)
{
    for (uint32_t slot = from; slot <= to; slot++) {
        topology->primary_of_slot[slot] = node;
    }
}

static uint16_t port_of_slot(uint16_t slot)
{
    uint16_t owner = table->slots[slot].owner;

    return owner == NODE_NONE ? 0 : table->pools[owner]->address.port;
}

Test(slot_table, is_unbound_before_the_first_picture)
{
    cr_expect_eq(port_of_slot(0), 0);
    cr_expect_eq(port_of_slot(SLOT_COUNT - 1), 0);
    cr_expect_null(slot_table_any_primary(table));
    cr_expect_not(slot_table_tend(table));
}

Test(slot_table, the_slots_that_changed_are_told)
{
    uint64_t changed[SLOT_COUNT / 64];
    struct topology *first = topology_of(2);
    struct topology *next = topology_of(2);

    serve(first, 0, 0, 99);
    serve(first, 1, 100, 199);
    serve(next, 0, 0, 63);
    serve(next, 1, 64, 198);
    cr_expect_eq(slot_table_adopt(table, first, changed), 200);
    cr_expect_eq(slot_table_adopt(table, next, changed), 37);
    for (uint16_t slot = 0; slot < SLOT_COUNT; slot++) {
        bool has_changed = (slot >= 64 && slot < 100) || slot == 199;

        cr_assert_eq(slot_bit(changed, slot), has_changed, "slot %u", slot);
    }
    cr_expect_eq(port_of_slot(63), 7000);
    cr_expect_eq(port_of_slot(64), 7001);
    cr_expect_eq(port_of_slot(199), 0);
}

Test(slot_table, a_node_keeps_its_pool_by_id_and_address)
{
    uint64_t changed[SLOT_COUNT / 64];
    struct topology *next = topology_of(2);

    slot_table_adopt(table, topology_of(2), changed);

    struct pool *first = table->pools[0];
    struct pool *second = table->pools[1];

    next->nodes[1].address.port = 7100;
    cr_assert(address_to_endpoint(&next->nodes[1].address, &next->nodes[1].endpoint));
    slot_table_adopt(table, next, changed);
    cr_expect_eq(table->pools[0], first);
    cr_expect_eq(table->pools[1], second);
    cr_expect_not(first->is_leaving);
    cr_expect(second->is_leaving);
    cr_expect_eq(table->pool_count, 3);
    cr_expect_eq(table->pools[2]->address.port, 7100);
    cr_expect_str_eq(table->pools[2]->id, second->id);
}

/* Nodes that restart at new addresses for ever take no more room than live at a time. */
Test(slot_table, indexes_of_pools_that_went_are_used_again)
{
    uint64_t changed[SLOT_COUNT / 64];

    for (uint16_t i = 0; i < 1000; i++) {
        struct topology *topology = topology_of(1);
        struct address address = address_of("127.0.0.1", (uint16_t)(10000 + i));

        topology->nodes[0].address = address;
        cr_assert(address_to_endpoint(&address, &topology->nodes[0].endpoint));
        serve(topology, 0, 0, SLOT_COUNT - 1);
        slot_table_adopt(table, topology, changed);
        slot_table_tend(table);
        cr_assert_eq(port_of_slot(5), 10000 + i);
    }
    cr_expect_leq(table->pool_count, 2);
}

Test(slot_table, an_index_remembered_is_never_taken_for_another_pool)
{
    uint64_t changed[SLOT_COUNT / 64];

    slot_table_adopt(table, topology_of(2), changed);
    uint32_t serial = table->pools[1]->serial;
    cr_expect_eq(slot_table_pool(table, 1, serial), table->pools[1]);
    slot_table_adopt(table, topology_of(1), changed);
    slot_table_tend(table);
    cr_expect_null(slot_table_pool(table, 1, serial));
    slot_table_adopt(table, topology_of(2), changed);
    cr_expect_not_null(table->pools[1]);
    cr_expect_null(slot_table_pool(table, 1, serial));
    cr_expect_null(slot_table_pool(table, 100, serial));
}

Test(slot_table, an_address_that_no_picture_knows_gets_a_pool_if_it_is_numeric)
{
    uint64_t changed[SLOT_COUNT / 64];
    struct address known = address_of("127.0.0.1", 7001);
    struct address unknown = address_of("127.0.0.1", 7777);
    struct address name = address_of("redis.example", 7777);

    slot_table_adopt(table, topology_of(2), changed);
    cr_expect_eq(slot_table_pool_at(table, &known), table->pools[1]);

    struct pool *pool = slot_table_pool_at(table, &unknown);

    cr_assert_not_null(pool);
    cr_expect_str_eq(pool->id, "");
    cr_expect_eq(slot_table_pool_at(table, &unknown), pool);
    cr_expect_null(slot_table_pool_at(table, &name));
}

/* Returns how many of them were believed. */
static uint32_t make_addresses_up(void)
{
    struct address address = address_of("127.0.0.1", 1);
    uint32_t made = 0;

    log_configure(LOG_ERROR, LOG_TEXT);
    for (; made < 3 * TOPOLOGY_NODES_MAX; made++) {
        address.port = (uint16_t)(made + 1);
        if (slot_table_pool_at(table, &address) == NULL) {
            break;
        }
    }
    return made;
}

Test(slot_table, addresses_that_a_node_makes_up_come_to_an_end)
{
    cr_expect_eq(make_addresses_up(), 2 * TOPOLOGY_NODES_MAX);
}

Test(slot_table, redirections_are_followed_again_once_made_up_addresses_are_gone)
{
    uint64_t changed[SLOT_COUNT / 64];
    struct address real = address_of("127.0.0.2", 7000);

    cr_assert_gt(make_addresses_up(), 0);
    cr_expect_null(slot_table_pool_at(table, &real));
    slot_table_adopt(table, topology_of(1), changed);
    slot_table_tend(table);
    cr_expect_not_null(slot_table_pool_at(table, &real));
}

Test(slot_table, primaries_take_turns_and_those_out_of_reach_come_last)
{
    uint64_t changed[SLOT_COUNT / 64];
    struct topology *topology = topology_of(4);

    topology->nodes[2].role = NODE_REPLICA;
    slot_table_adopt(table, topology, changed);
    table->pools[1]->attempts = 1;
    cr_expect_eq(slot_table_any_primary(table), table->pools[0]);
    cr_expect_eq(slot_table_any_primary(table), table->pools[3]);
    cr_expect_eq(slot_table_any_primary(table), table->pools[0]);
    table->pools[3]->breaker = BREAKER_SUSPECT;
    cr_expect_eq(slot_table_any_primary(table), table->pools[0]);
    cr_expect_eq(slot_table_any_primary(table), table->pools[0]);
    table->pools[0]->attempts = 1;
    cr_expect_eq(slot_table_any_primary(table), table->pools[3]);
    table->pools[3]->breaker = BREAKER_CLOSED;
    table->pools[3]->attempts = 1;
    cr_expect_not_null(slot_table_any_primary(table));
    table->pools[0]->attempts = table->pools[1]->attempts = table->pools[3]->attempts = 0;
}

/* Nodes that nobody asks anything cost no connection, and a picture with one slot moved leaves the
 * pools of all of them as they are. */
Test(slot_table, a_thousand_nodes_are_not_connected_to_because_they_exist)
{
    enum { NODES = 1000 };
    uint64_t changed[SLOT_COUNT / 64];
    struct topology *first = topology_of(NODES);
    struct topology *next = topology_of(NODES);

    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        serve(first, (uint16_t)(slot % NODES), slot, slot);
        serve(next, (uint16_t)(slot % NODES), slot, slot);
    }
    serve(next, 7, 5, 5);
    cr_expect_eq(slot_table_adopt(table, first, changed), SLOT_COUNT);
    cr_expect_not(slot_table_tend(table));
    cr_expect_eq(slot_table_adopt(table, next, changed), 1);
    cr_expect(slot_bit(changed, 5));
    cr_expect_not(slot_table_tend(table));
    cr_expect_eq(table->pool_count, NODES);
    cr_expect_eq(table->pools[999]->address.port, 7999);
    cr_expect_eq(metric_read(&stage.metrics.upstream_connections_total), 0);
    cr_expect_eq(metric_read(&stage.metrics.nodes_unreachable), 0);
}

static void pool_fails(struct pool *pool)
{
    pool->attempts = 1;
    pool->retry_at = UINT64_MAX;
    outage_note(pool, CLOSE_CONNECT_FAILED, "refused");
}

Test(slot_table, nodes_out_of_reach_are_counted)
{
    uint64_t changed[SLOT_COUNT / 64];

    slot_table_adopt(table, topology_of(3), changed);
    pool_fails(table->pools[0]);
    pool_fails(table->pools[2]);
    cr_expect(slot_table_tend(table));
    cr_expect_eq(metric_read(&stage.metrics.nodes_unreachable), 2);
    slot_table_adopt(table, topology_of(2), changed);
    slot_table_tend(table);
    cr_expect_eq(metric_read(&stage.metrics.nodes_unreachable), 1);
    outage_end(table->pools[0]);
    slot_table_tend(table);
    cr_expect_eq(metric_read(&stage.metrics.nodes_unreachable), 0);
}

/* Only a redirection said so, and nobody is there. */
Test(slot_table, an_address_without_a_node_is_no_node_and_is_forgotten)
{
    uint64_t changed[SLOT_COUNT / 64];
    struct address unknown = address_of("127.0.0.1", 1);

    slot_table_adopt(table, topology_of(1), changed);

    struct pool *pool = slot_table_pool_at(table, &unknown);
    uint32_t serial = pool->serial;

    slot_table_patch(table, 5, pool);
    pool->attempts = 1;
    pool->down_since = reactor_now(stage.reactor);
    pool->retry_at = UINT64_MAX;
    cr_expect(slot_table_tend(table));
    cr_expect_eq(metric_read(&stage.metrics.nodes_unreachable), 0);
    stage.config.down_after = 0;
    turn(stage.reactor);
    slot_table_tend(table);
    cr_expect_eq(slot_table_pool(table, 1, serial), pool, "a slot is still its own");
    slot_table_take_from(table, pool, changed);
    cr_expect_not(slot_table_tend(table));
    cr_expect_null(slot_table_pool(table, 1, serial));
}

Test(slot_table, redirections_are_followed_to_where_the_map_says)
{
    uint64_t changed[SLOT_COUNT / 64];
    struct address known = address_of("10.0.0.1", 1);
    struct address unknown = address_of("10.0.0.1", 5000);

    cr_assert(address_map_append(&stage.config.address_map, SPAN("10.0.0.0/8=127.0.0.1:+7000")));
    slot_table_adopt(table, topology_of(2), changed);
    cr_expect_eq(slot_table_pool_at(table, &known), table->pools[1]);
    struct pool *pool = slot_table_pool_at(table, &unknown);
    cr_expect_str_eq(pool->address.host, "127.0.0.1");
    cr_expect_eq(pool->address.port, 12000);
    address_map_clear(&stage.config.address_map);
}
