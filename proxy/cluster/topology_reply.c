#include "proxy/cluster/topology_reply.h"

#include <hiredis/hiredis.h>

#include "common/check.h"

/* One reply on its way to a topology. */
struct reading {
    const struct address *asked;
    const struct address_map *map;
    struct topology *topology;
    bool claimed[SLOT_COUNT]; /* also by primaries that are left out */
};

/* Elements of a range, and of a node inside it. What follows is metadata of later versions. */
enum { RANGE_START, RANGE_END, RANGE_PRIMARY, RANGE_REPLICAS };
enum { NODE_HOST, NODE_PORT, NODE_ID, NODE_FIELDS };

static bool is_text(const redisReply *reply)
{
    return reply != NULL &&
           (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
}

static bool is_integer(const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_INTEGER;
}

static bool is_array(const redisReply *reply, size_t least)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= least;
}

static struct span text_of(const redisReply *reply)
{
    return (struct span){reply->str, reply->len};
}

static bool host_is_plausible(struct span host)
{
    for (size_t at = 0; at < host.size; at++) {
        unsigned char byte = (unsigned char)host.at[at];
        bool is_alphanumeric = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                               (byte >= 'A' && byte <= 'Z');
        if (!is_alphanumeric && (byte == '\0' || strchr(".-_:%", byte) == NULL)) {
            return false;
        }
    }
    return true;
}

static bool read_id(const redisReply *reply, char id[NODE_ID_SIZE + 1])
{
    if (!is_text(reply) || reply->len == 0 || reply->len > NODE_ID_SIZE) {
        return false;
    }
    for (size_t at = 0; at < reply->len; at++) {
        if (reply->str[at] <= ' ' || reply->str[at] > '~') {
            return false;
        }
    }
    memcpy(id, reply->str, reply->len);
    id[reply->len] = '\0';
    return true;
}

/* "?" says that the node has no host to tell, port 0 that its address was lost (noaddr). */
static bool is_left_out(const redisReply *node)
{
    const redisReply *host = node->element[NODE_HOST];
    const redisReply *port = node->element[NODE_PORT];

    return (is_text(host) && span_equal(text_of(host), SPAN("?"))) ||
           (is_integer(port) && port->integer == 0);
}

static enum topology_reply_result read_address(const struct reading *reading,
                                               const redisReply *node, struct address *address)
{
    const redisReply *host = node->element[NODE_HOST];
    const redisReply *port = node->element[NODE_PORT];

    if (host == NULL || (host->type != REDIS_REPLY_NIL && !is_text(host)) || !is_integer(port)) {
        return TOPOLOGY_REPLY_SHAPE;
    }
    if (port->integer < 1 || port->integer > UINT16_MAX) {
        return TOPOLOGY_REPLY_ADDRESS;
    }

    struct span name = host->type == REDIS_REPLY_NIL ? SPAN("") : text_of(host);
    if (name.size == 0) {
        if (reading->asked->kind != ADDRESS_TCP) {
            return TOPOLOGY_REPLY_ADDRESS;
        }
        *address = *reading->asked;
        address->port = (uint16_t)port->integer;
        return TOPOLOGY_REPLY_OK;
    }
    if (!host_is_plausible(name) ||
        address_set(address, name, (uint16_t)port->integer) != ADDRESS_OK) {
        return TOPOLOGY_REPLY_ADDRESS;
    }
    return TOPOLOGY_REPLY_OK;
}

/* Adds the node, or finds it when an earlier range named it. A node that is a primary here and a
 * replica there, or follows two primaries, makes no picture. */
static enum topology_reply_result read_node(struct reading *reading, const redisReply *reply,
                                            enum node_role role, uint16_t primary, uint16_t *number)
{
    struct address address;
    char id[NODE_ID_SIZE + 1];

    enum topology_reply_result result = read_address(reading, reply, &address);
    if (result != TOPOLOGY_REPLY_OK) {
        return result;
    }
    if (!read_id(reply->element[NODE_ID], id)) {
        return TOPOLOGY_REPLY_SHAPE;
    }
    address_map_apply(reading->map, &address);
    *number = topology_add_node(reading->topology, id, &address, role, primary);
    if (*number == NODE_NONE) {
        return TOPOLOGY_REPLY_TOO_MANY;
    }

    const struct node *node = &reading->topology->nodes[*number];
    if (node->role != role || node->primary != primary) {
        return TOPOLOGY_REPLY_SHAPE;
    }
    return TOPOLOGY_REPLY_OK;
}

static enum topology_reply_result read_replicas(struct reading *reading, const redisReply *range,
                                                uint16_t primary)
{
    for (size_t at = RANGE_REPLICAS; at < range->elements; at++) {
        const redisReply *replica = range->element[at];
        uint16_t number;

        if (!is_array(replica, NODE_FIELDS)) {
            return TOPOLOGY_REPLY_SHAPE;
        }
        if (is_left_out(replica)) {
            continue;
        }
        enum topology_reply_result result =
            read_node(reading, replica, NODE_REPLICA, primary, &number);
        /* A replica that cannot be reached is no reason to do without the picture. */
        if (result != TOPOLOGY_REPLY_OK && result != TOPOLOGY_REPLY_ADDRESS) {
            return result;
        }
    }
    return TOPOLOGY_REPLY_OK;
}

static enum topology_reply_result claim_slots(struct reading *reading, const redisReply *range,
                                              uint16_t primary)
{
    long long start = range->element[RANGE_START]->integer;
    long long end = range->element[RANGE_END]->integer;

    if (start < 0 || end >= SLOT_COUNT || start > end) {
        return TOPOLOGY_REPLY_RANGE;
    }
    for (long long slot = start; slot <= end; slot++) {
        if (reading->claimed[slot]) {
            return TOPOLOGY_REPLY_OVERLAP;
        }
        reading->claimed[slot] = true;
        reading->topology->primary_of_slot[slot] = primary;
    }
    if (primary != NODE_NONE) {
        reading->topology->slots_served =
            (uint16_t)(reading->topology->slots_served + (end - start + 1));
    }
    return TOPOLOGY_REPLY_OK;
}

static enum topology_reply_result read_range(struct reading *reading, const redisReply *range)
{
    if (!is_array(range, RANGE_REPLICAS) || !is_integer(range->element[RANGE_START]) ||
        !is_integer(range->element[RANGE_END]) ||
        !is_array(range->element[RANGE_PRIMARY], NODE_FIELDS)) {
        return TOPOLOGY_REPLY_SHAPE;
    }
    /* Without its primary a shard can neither be written to nor have its replicas followed. */
    if (is_left_out(range->element[RANGE_PRIMARY])) {
        return claim_slots(reading, range, NODE_NONE);
    }

    uint16_t primary;
    enum topology_reply_result result =
        read_node(reading, range->element[RANGE_PRIMARY], NODE_PRIMARY, NODE_NONE, &primary);
    if (result != TOPOLOGY_REPLY_OK) {
        return result;
    }
    result = claim_slots(reading, range, primary);
    return result == TOPOLOGY_REPLY_OK ? read_replicas(reading, range, primary) : result;
}

static enum topology_reply_result read_ranges(struct reading *reading, const redisReply *reply)
{
    for (size_t at = 0; at < reply->elements; at++) {
        enum topology_reply_result result = read_range(reading, reply->element[at]);
        if (result != TOPOLOGY_REPLY_OK) {
            return result;
        }
    }
    return reading->topology->slots_served == 0 ? TOPOLOGY_REPLY_EMPTY : TOPOLOGY_REPLY_OK;
}

enum topology_reply_result topology_from_reply(const struct redisReply *reply,
                                               const struct address *asked,
                                               const struct address_map *map,
                                               struct topology **topology)
{
    struct reading reading = {.asked = asked, .map = map};

    *topology = NULL;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
        return TOPOLOGY_REPLY_ERROR;
    }
    if (!is_array(reply, 0)) {
        return TOPOLOGY_REPLY_SHAPE;
    }

    reading.topology = topology_new();
    enum topology_reply_result result = read_ranges(&reading, reply);
    if (result != TOPOLOGY_REPLY_OK) {
        topology_release(&reading.topology);
        return result;
    }
    *topology = reading.topology;
    return TOPOLOGY_REPLY_OK;
}

const char *topology_reply_text(enum topology_reply_result result)
{
    switch (result) {
    case TOPOLOGY_REPLY_OK: return "ok";
    case TOPOLOGY_REPLY_ERROR: return "the node answered an error";
    case TOPOLOGY_REPLY_SHAPE: return "the reply is not a list of slot ranges with nodes";
    case TOPOLOGY_REPLY_RANGE: return "a range of slots is out of bounds";
    case TOPOLOGY_REPLY_OVERLAP: return "two ranges claim one slot";
    case TOPOLOGY_REPLY_ADDRESS: return "a node has no usable address";
    case TOPOLOGY_REPLY_TOO_MANY: return "there are too many nodes";
    case TOPOLOGY_REPLY_EMPTY: return "no node serves any slot";
    }
    CHECK(false);
    return NULL;
}
