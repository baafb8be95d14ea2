/* CLUSTER: clients that ask are shown one node with all slots, reached where they reached us. So a
 * cluster client works with slotway, too, and never learns an address behind it. */
#include "common/resp_write.h"
#include "proxy/cluster/slot.h"
#include "proxy/downstream/facade.h"
#include "proxy/downstream/local_call.h"

enum { LAST_SLOT = SLOT_COUNT - 1 };

static const char *call_id(const struct local_call *call)
{
    return call->client->clients->house->run_id;
}

void local_cluster_keyslot(const struct local_call *call)
{
    call_integer(call, slot_of(call_word(call, 2)));
}

void local_cluster_myid(const struct local_call *call)
{
    call_text(call, call_id(call));
}

/* Nobody follows the one node. */
void local_cluster_replicas(const struct local_call *call)
{
    struct span id = call_word(call, 2);

    if (!span_equal(id, span_of(call_id(call)))) {
        call_error(call, "ERR Unknown node %.*s", call_shown(id), id.at);
        return;
    }
    resp_write_array(call_begin(call), 0);
    call_end(call);
}

/* The state is the real cluster's: who waits for "ok" waits for all slots to be served. */
void local_cluster_info(const struct local_call *call)
{
    const struct topology *topology = dispatcher_topology(call->client->clients->dispatcher);
    unsigned served = topology == NULL ? 0 : topology->slots_served;

    resp_write_format(call_begin(call),
                      "cluster_state:%s\r\n"
                      "cluster_slots_assigned:%u\r\n"
                      "cluster_slots_ok:%u\r\n"
                      "cluster_slots_pfail:0\r\n"
                      "cluster_slots_fail:0\r\n"
                      "cluster_known_nodes:1\r\n"
                      "cluster_size:1\r\n"
                      "cluster_current_epoch:1\r\n"
                      "cluster_my_epoch:1\r\n"
                      "cluster_stats_messages_sent:0\r\n"
                      "cluster_stats_messages_received:0\r\n"
                      "total_cluster_links_buffer_limit_exceeded:0\r\n",
                      served == SLOT_COUNT ? "ok" : "fail", served, served);
    call_end(call);
}

void local_cluster_slots(const struct local_call *call)
{
    struct facade_address address;
    struct sendq *to = call_begin(call);

    facade_address_of(call->client, &address);
    resp_write_array(to, 1);
    resp_write_array(to, 3);
    resp_write_integer(to, 0);
    resp_write_integer(to, LAST_SLOT);
    resp_write_array(to, 4);
    resp_write_text(to, address.host);
    resp_write_integer(to, address.port);
    resp_write_text(to, call_id(call));
    resp_write_array(to, 0);
    call_end(call);
}

static void write_pair(struct sendq *to, const char *name, const char *value)
{
    resp_write_text(to, name);
    resp_write_text(to, value);
}

void local_cluster_shards(const struct local_call *call)
{
    struct facade_address address;
    struct sendq *to = call_begin(call);

    facade_address_of(call->client, &address);
    resp_write_array(to, 1);
    resp_write_array(to, 4);
    resp_write_text(to, "slots");
    resp_write_array(to, 2);
    resp_write_integer(to, 0);
    resp_write_integer(to, LAST_SLOT);
    resp_write_text(to, "nodes");
    resp_write_array(to, 1);
    resp_write_array(to, 14);
    write_pair(to, "id", call_id(call));
    resp_write_text(to, "port");
    resp_write_integer(to, address.port);
    write_pair(to, "ip", address.host);
    write_pair(to, "endpoint", address.host);
    write_pair(to, "role", "master");
    resp_write_text(to, "replication-offset");
    resp_write_integer(to, 0);
    write_pair(to, "health", "online");
    call_end(call);
}

/* No cluster bus: its port is 0. */
void local_cluster_nodes(const struct local_call *call)
{
    struct facade_address address;

    facade_address_of(call->client, &address);
    resp_write_format(call_begin(call), "%s %s:%u@0 myself,master - 0 0 1 connected 0-%d\n",
                      call_id(call), address.host, address.port, LAST_SLOT);
    call_end(call);
}
