#include "proxy/cluster/topology.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

static struct address address_of(const char *host, uint16_t port)
{
    struct address address;

    cr_assert_eq(address_set(&address, span_of(host), port), ADDRESS_OK);
    return address;
}

static uint16_t add(struct topology *topology, const char *id, uint16_t port, enum node_role role,
                    uint16_t primary)
{
    struct address address = address_of("127.0.0.1", port);

    return topology_add_node(topology, id, &address, role, primary);
}

static void serve(struct topology *topology, uint16_t node, uint16_t from, uint16_t to)
{
    for (uint32_t slot = from; slot <= to; slot++) {
        topology->primary_of_slot[slot] = node;
        topology->slots_served++;
    }
}

/* Two shards, the second with a replica. */
static struct topology *two_shards(void)
{
    struct topology *topology = topology_new();
    uint16_t a = add(topology, "a", 7000, NODE_PRIMARY, NODE_NONE);
    uint16_t b = add(topology, "b", 7001, NODE_PRIMARY, NODE_NONE);

    add(topology, "c", 7002, NODE_REPLICA, b);
    serve(topology, a, 0, 8191);
    serve(topology, b, 8192, 16383);
    return topology;
}

Test(topology, starts_empty)
{
    struct topology *topology = topology_new();

    cr_expect_eq(topology->node_count, 0);
    cr_expect_eq(topology->slots_served, 0);
    cr_expect_eq(topology->primary_of_slot[0], NODE_NONE);
    cr_expect_eq(topology->primary_of_slot[SLOT_COUNT - 1], NODE_NONE);
    cr_expect_eq(topology_find_id(topology, "a"), NODE_NONE);
    topology_release(&topology);
    cr_expect_null(topology);
}

Test(topology, lives_until_the_last_reference_is_released)
{
    struct topology *topology = two_shards();
    struct topology *other = topology_take(topology);

    topology_release(&topology);
    cr_expect_eq(other->references, 1);
    cr_expect_str_eq(other->nodes[2].id, "c");
    topology_release(&other);
}

Test(topology, a_known_id_is_added_once)
{
    struct topology *topology = two_shards();

    cr_expect_eq(add(topology, "b", 9999, NODE_PRIMARY, NODE_NONE), 1);
    cr_expect_eq(topology->node_count, 3);
    cr_expect_eq(topology->nodes[1].address.port, 7001);
    topology_release(&topology);
}

Test(topology, nodes_are_found_by_id_and_by_address)
{
    struct topology *topology = two_shards();
    struct address known = address_of("127.0.0.1", 7002);
    struct address other_port = address_of("127.0.0.1", 7003);
    struct address other_host = address_of("127.0.0.2", 7002);

    cr_expect_eq(topology_find_id(topology, "c"), 2);
    cr_expect_eq(topology_find_id(topology, "d"), NODE_NONE);
    cr_expect_eq(topology_find_address(topology, &known), 2);
    cr_expect_eq(topology_find_address(topology, &other_port), NODE_NONE);
    cr_expect_eq(topology_find_address(topology, &other_host), NODE_NONE);
    topology_release(&topology);
}

Test(topology, a_numeric_host_gets_its_endpoint_and_a_name_does_not)
{
    struct topology *topology = topology_new();
    struct address number = address_of("::1", 7000);
    struct address name = address_of("node.example", 7000);

    topology_add_node(topology, "a", &number, NODE_PRIMARY, NODE_NONE);
    topology_add_node(topology, "b", &name, NODE_PRIMARY, NODE_NONE);
    cr_expect_eq(topology->nodes[0].endpoint.size, sizeof(struct sockaddr_in6));
    cr_expect_eq(topology->nodes[1].endpoint.size, 0);
    topology_release(&topology);
}

Test(topology, holds_as_many_nodes_as_promised_and_finds_each)
{
    struct topology *topology = topology_new();
    char id[NODE_ID_SIZE + 1];

    for (uint32_t number = 0; number < TOPOLOGY_NODES_MAX; number++) {
        snprintf(id, sizeof id, "%040u", number);
        cr_assert_eq(add(topology, id, (uint16_t)(number + 1), NODE_PRIMARY, NODE_NONE), number);
    }
    cr_expect_eq(add(topology, "one more", 1, NODE_PRIMARY, NODE_NONE), NODE_NONE);
    for (uint32_t number = 0; number < TOPOLOGY_NODES_MAX; number++) {
        struct address address = address_of("127.0.0.1", (uint16_t)(number + 1));
        snprintf(id, sizeof id, "%040u", number);
        cr_assert_eq(topology_find_id(topology, id), number);
        cr_assert_eq(topology_find_address(topology, &address), number);
    }
    topology_release(&topology);
}

Test(topology, equals_itself_told_in_another_order)
{
    struct topology *one = two_shards();
    struct topology *other = topology_new();
    uint16_t b = add(other, "b", 7001, NODE_PRIMARY, NODE_NONE);

    add(other, "c", 7002, NODE_REPLICA, b);
    uint16_t a = add(other, "a", 7000, NODE_PRIMARY, NODE_NONE);
    serve(other, b, 8192, 16383);
    serve(other, a, 0, 8191);
    other->version = 7;
    other->epoch = 8;
    cr_expect(topology_equal(one, other));
    cr_expect(topology_equal(other, one));
    topology_release(&one);
    topology_release(&other);
}

static void move_a_slot(struct topology *topology)
{
    topology->primary_of_slot[8191] = 1;
}

static void swap_two_slots(struct topology *topology)
{
    topology->primary_of_slot[0] = 1;
    topology->primary_of_slot[16383] = 0;
}

static void lose_a_slot(struct topology *topology)
{
    topology->primary_of_slot[5] = NODE_NONE;
    topology->slots_served--;
}

static void exchange_a_lost_slot(struct topology *topology)
{
    topology->primary_of_slot[5] = NODE_NONE;
}

static void change_a_port(struct topology *topology)
{
    topology->nodes[0].address.port++;
}

static void make_the_replica_follow_another(struct topology *topology)
{
    topology->nodes[2].primary = 0;
}

static void make_the_replica_a_primary(struct topology *topology)
{
    topology->nodes[2].role = NODE_PRIMARY;
}

static void add_a_node(struct topology *topology)
{
    add(topology, "d", 7003, NODE_REPLICA, 0);
}

Test(topology, does_not_equal_one_with_a_difference)
{
    static const struct {
        const char *name;
        void (*change)(struct topology *topology);
    } rows[] = {
        {"a slot moved", move_a_slot},
        {"two slots swapped", swap_two_slots},
        {"a slot less", lose_a_slot},
        {"a slot that nobody serves", exchange_a_lost_slot},
        {"another port", change_a_port},
        {"a replica of another primary", make_the_replica_follow_another},
        {"a promoted replica", make_the_replica_a_primary},
        {"a node more", add_a_node},
    };

    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        struct topology *one = two_shards();
        struct topology *other = two_shards();
        cr_assert(topology_equal(one, other));
        rows[at].change(other);
        cr_expect_not(topology_equal(one, other), "%s", rows[at].name);
        cr_expect_not(topology_equal(other, one), "%s, seen from the other side", rows[at].name);
        topology_release(&one);
        topology_release(&other);
    }
}

Test(topology, does_not_equal_one_with_the_same_number_of_other_nodes)
{
    struct topology *one = topology_new();
    struct topology *other = topology_new();

    add(one, "a", 7000, NODE_PRIMARY, NODE_NONE);
    add(other, "b", 7000, NODE_PRIMARY, NODE_NONE);
    cr_expect_not(topology_equal(one, other));
    topology_release(&one);
    topology_release(&other);
}

enum { TAKERS = 4, TURNS = 20000 };

static void *take_and_release(void *context)
{
    for (int turn = 0; turn < TURNS; turn++) {
        struct topology *mine = topology_take(context);
        topology_release(&mine);
    }
    return NULL;
}

Test(topology, references_are_counted_across_threads)
{
    struct topology *topology = two_shards();
    pthread_t takers[TAKERS];

    for (int at = 0; at < TAKERS; at++) {
        pthread_create(&takers[at], NULL, take_and_release, topology);
    }
    for (int at = 0; at < TAKERS; at++) {
        pthread_join(takers[at], NULL);
    }
    cr_expect_eq(topology->references, 1);
    topology_release(&topology);
}
