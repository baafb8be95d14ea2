/* CLUSTER: clients that ask are shown slotways only, which have all slots between them. So a
 * cluster client works with slotway, too, and never learns an address behind it. */
#include "common/resp_write.h"
#include "proxy/cluster/slot.h"
#include "proxy/downstream/announced.h"
#include "proxy/downstream/local_call.h"

enum { SHARD_PAIRS = 2, NODE_PAIRS = 7 };

void local_cluster_keyslot(const struct local_call *call)
{
    call_integer(call, slot_of(call_word(call, 2)));
}

/* A shard is known by its one node's id. */
void local_cluster_myid(const struct local_call *call)
{
    struct announced self;

    announced_get_self(call->client, &self);
    call_text(call, self.id);
}

static bool is_announced(const struct local_call *call, struct span id)
{
    struct announced node;

    for (uint32_t i = 0; i < announced_count(call->client); i++) {
        announced_get(call->client, i, &node);
        if (span_equal(id, span_of(node.id))) {
            return true;
        }
    }
    return false;
}

/* Nobody follows a slotway. */
void local_cluster_replicas(const struct local_call *call)
{
    struct span id = call_word(call, 2);

    if (!is_announced(call, id)) {
        call_error(call, "ERR Unknown node %.*s", call_shown(id), id.at);
        return;
    }
    resp_write_array(call_begin(call), 0);
    call_end(call);
}

/* Slotways have no bus, and so no links. */
void local_cluster_links(const struct local_call *call)
{
    resp_write_array(call_begin(call), 0);
    call_end(call);
}

/* The state is the real cluster's: who waits for "ok" waits for all slots to be served. */
void local_cluster_info(const struct local_call *call)
{
    const struct topology *topology = dispatcher_topology(client_dispatcher(call->client));
    unsigned served = topology == NULL ? 0 : topology->slots_served;
    unsigned nodes = announced_count(call->client);

    struct sendq text;

    sendq_init(&text);
    sendq_print(&text,
                "cluster_state:%s\r\n"
                "cluster_slots_assigned:%u\r\n"
                "cluster_slots_ok:%u\r\n"
                "cluster_slots_pfail:0\r\n"
                "cluster_slots_fail:0\r\n"
                "cluster_known_nodes:%u\r\n"
                "cluster_size:%u\r\n"
                "cluster_current_epoch:1\r\n"
                "cluster_my_epoch:1\r\n"
                "cluster_stats_messages_sent:0\r\n"
                "cluster_stats_messages_received:0\r\n"
                "total_cluster_links_buffer_limit_exceeded:0\r\n",
                served == SLOT_COUNT ? "ok" : "fail", served, served, nodes, nodes);
    resp_write_verbatim_queue(call_begin(call), &text);
    call_end(call);
}

static void slots_write(struct sendq *to, const struct announced *node)
{
    resp_write_array(to, 3);
    resp_write_integer(to, node->first);
    resp_write_integer(to, node->last);
    resp_write_array(to, 4);
    resp_write_text(to, node->host);
    resp_write_integer(to, node->port);
    resp_write_text(to, node->id);
    resp_write_map(to, 0);
}

void local_cluster_slots(const struct local_call *call)
{
    uint32_t count = announced_count(call->client);
    struct sendq *to = call_begin(call);
    struct announced node;

    resp_write_array(to, count);
    for (uint32_t i = 0; i < count; i++) {
        announced_get(call->client, i, &node);
        slots_write(to, &node);
    }
    call_end(call);
}

static void write_pair(struct sendq *to, const char *name, const char *value)
{
    resp_write_text(to, name);
    resp_write_text(to, value);
}

static void shard_write(struct sendq *to, const struct announced *node)
{
    resp_write_map(to, SHARD_PAIRS);
    resp_write_text(to, "slots");
    resp_write_array(to, 2);
    resp_write_integer(to, node->first);
    resp_write_integer(to, node->last);
    resp_write_text(to, "nodes");
    resp_write_array(to, 1);
    resp_write_map(to, NODE_PAIRS);
    write_pair(to, "id", node->id);
    resp_write_text(to, "port");
    resp_write_integer(to, node->port);
    write_pair(to, "ip", node->host);
    write_pair(to, "endpoint", node->host);
    write_pair(to, "role", "master");
    resp_write_text(to, "replication-offset");
    resp_write_integer(to, 0);
    write_pair(to, "health", "online");
}

void local_cluster_shards(const struct local_call *call)
{
    uint32_t count = announced_count(call->client);
    struct sendq *to = call_begin(call);
    struct announced node;

    resp_write_array(to, count);
    for (uint32_t i = 0; i < count; i++) {
        announced_get(call->client, i, &node);
        shard_write(to, &node);
    }
    call_end(call);
}

/* No cluster bus: its port is 0. */
void local_cluster_nodes(const struct local_call *call)
{
    struct sendq text;
    struct announced node;
    struct sendq *to = call_begin(call);

    sendq_init(&text);
    for (uint32_t i = 0; i < announced_count(call->client); i++) {
        announced_get(call->client, i, &node);
        sendq_print(&text, "%s %s:%u@0 %smaster - 0 0 1 connected %u-%u\n", node.id, node.host,
                    node.port, node.is_self ? "myself," : "", node.first, node.last);
    }
    resp_write_verbatim_queue(to, &text);
    call_end(call);
}
