#include "bench/micro/support/nodes.h"

#include <stdio.h>

#include "proxy/upstream/in_flight.h"

enum { PATIENCE_US = 10 * US_PER_SECOND, MANY = 65536 };

static void configure(struct pool_config *config)
{
    config->name = "bench";
    config->backend_username = "default";
    config->backend_connections = 1;
    config->backend_in_flight = MANY;
    config->waiting_requests = MANY;
    config->waiting_bytes = MANY * (size_t)MANY;
    config->silent_after = PATIENCE_US;
    config->down_after = PATIENCE_US;
    config->timeout_connect = PATIENCE_US;
    config->timeout_request = PATIENCE_US;
}

static struct topology *picture(void)
{
    struct topology *topology = topology_new();

    topology->version = 1;
    for (uint16_t i = 0; i < NODES; i++) {
        struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1", .port = 1 + i};
        char id[NODE_ID_SIZE + 1];

        snprintf(id, sizeof id, "%040u", i);
        topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE);
    }
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        topology->primary_of_slot[slot] = (uint16_t)(slot * NODES / SLOT_COUNT);
    }
    topology->slots_served = SLOT_COUNT;
    return topology;
}

/* As it would be behind its greeting. */
static struct upstream *connect_without_socket(struct nodes *nodes, uint16_t index)
{
    struct pool *pool = nodes->dispatcher->table.pools[index];
    struct upstream *upstream = pool_pick(pool, nodes->lane.number);

    upstream->state = UPSTREAM_READY;
    metric_add(&nodes->metrics.upstream_connections_active, 1);
    return upstream;
}

void nodes_open(struct nodes *nodes)
{
    *nodes = (struct nodes){0};
    configure(&nodes->config);
    nodes->reactor = reactor_new();
    nodes->dispatcher =
        dispatcher_new(nodes->reactor, &nodes->intake, &nodes->config, &nodes->metrics, NULL);
    dispatcher_adopt(nodes->dispatcher, picture());
    lane_init(&nodes->lane, 0);
    CHECK(nodes->dispatcher->table.pool_count == NODES);
    for (uint16_t i = 0; i < NODES; i++) {
        nodes->upstreams[i] = connect_without_socket(nodes, i);
    }
}

void nodes_close(struct nodes *nodes)
{
    dispatcher_clear_lane(nodes->dispatcher, &nodes->lane);
    dispatcher_free(&nodes->dispatcher);
    intake_clear(&nodes->intake);
    reactor_free(&nodes->reactor);
}

struct request *nodes_request(struct nodes *nodes, const struct asked *asked, request_done *done)
{
    struct request *request = request_new(asked->command, asked->block, asked_bytes(asked));

    request->done = done;
    request->lane = &nodes->lane;
    request->arrived = reactor_now(nodes->reactor);
    request->deadline = request->arrived + PATIENCE_US;
    return request;
}

void nodes_answer(struct nodes *nodes, struct block *block)
{
    const struct span reply = {block->bytes, block->used};

    for (size_t i = 0; i < NODES; i++) {
        struct upstream *upstream = nodes->upstreams[i];

        sendq_clear(&upstream->output);
        upstream->stream_sent = upstream->stream_queued;
        upstream->inbound.block = block;
        while (!list_is_empty(&upstream->in_flight)) {
            CHECK(in_flight_answer(upstream, reply));
        }
        upstream->inbound.block = NULL;
    }
}
