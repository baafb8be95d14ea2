#include "bench/load/nodes.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

#include "common/check.h"
#include "proxy/cluster/topology_reply.h"

enum { TIMEOUT_S = 5 };

static bool fail(struct nodes *nodes, const char *what, const char *why)
{
    snprintf(nodes->why, sizeof nodes->why, "%s: %s", what, why);
    return false;
}

/* The index of the node, which is added when it is new; NODES_NONE when there is no room. */
static uint16_t find_or_add(struct nodes *nodes, const struct address *address)
{
    for (uint16_t i = 0; i < nodes->count; i++) {
        if (address_equal(&nodes->addresses[i], address)) {
            return i;
        }
    }

    uint16_t added = nodes->count;

    if (added == NODES_MAX || address_resolve(address, &nodes->endpoints[added]) != ADDRESS_OK) {
        return NODES_NONE;
    }
    nodes->addresses[added] = *address;
    nodes->count++;
    return added;
}

bool nodes_init(struct nodes *nodes, const char *host, uint16_t port)
{
    struct address address = {0};
    enum address_result result = address_set(&address, span_of(host), port);

    memset(nodes, 0, sizeof *nodes);
    if (result != ADDRESS_OK) {
        return fail(nodes, host, address_result_text(result));
    }
    if (find_or_add(nodes, &address) == NODES_NONE) {
        return fail(nodes, host, address_result_text(ADDRESS_NOT_FOUND));
    }
    return true;
}

static bool take_topology(struct nodes *nodes, const struct topology *topology)
{
    for (size_t slot = 0; slot < SLOT_COUNT; slot++) {
        uint16_t primary = topology->primary_of_slot[slot];
        uint16_t before = slot == 0 ? (uint16_t)NODE_NONE : topology->primary_of_slot[slot - 1];

        if (slot > 0 && primary == before) {
            nodes->of_slot[slot] = nodes->of_slot[slot - 1];
        } else if (primary == NODE_NONE) {
            nodes->of_slot[slot] = NODES_NONE;
        } else {
            nodes->of_slot[slot] = find_or_add(nodes, &topology->nodes[primary].address);
        }
    }
    return true;
}

static bool take_reply(struct nodes *nodes, const struct address *asked, const redisReply *reply)
{
    const struct address_map map = {0};
    struct topology *topology = NULL;
    enum topology_reply_result result = topology_from_reply(reply, asked, &map, &topology);

    if (result != TOPOLOGY_REPLY_OK) {
        return fail(nodes, "CLUSTER SLOTS", topology_reply_text(result));
    }

    bool taken = take_topology(nodes, topology);

    topology_release(&topology);
    return taken;
}

static bool greet(redisContext *link, const char *user, const char *password)
{
    if (password == NULL) {
        return true;
    }

    redisReply *reply = user == NULL ? redisCommand(link, "AUTH %s", password)
                                     : redisCommand(link, "AUTH %s %s", user, password);
    bool greeted = reply != NULL && reply->type == REDIS_REPLY_STATUS;

    freeReplyObject(reply);
    return greeted;
}

static bool ask_link(struct nodes *nodes, const struct address *address, redisContext *link)
{
    redisReply *reply = redisCommand(link, "CLUSTER SLOTS");

    if (reply == NULL) {
        return fail(nodes, "CLUSTER SLOTS", link->errstr);
    }

    bool taken = take_reply(nodes, address, reply);

    freeReplyObject(reply);
    return taken;
}

static bool ask_node(struct nodes *nodes, uint16_t node, const char *user, const char *password)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    const struct address *address = &nodes->addresses[node];
    redisContext *link = redisConnectWithTimeout(address->host, address->port, timeout);
    bool answered = false;

    CHECK(link != NULL);
    if (link->err != 0) {
        fail(nodes, address->host, link->errstr);
    } else if (redisSetTimeout(link, timeout) != REDIS_OK || !greet(link, user, password)) {
        fail(nodes, address->host, "AUTH was refused");
    } else {
        answered = ask_link(nodes, address, link);
    }
    redisFree(link);
    return answered;
}

bool nodes_ask(struct nodes *nodes, const char *user, const char *password)
{
    uint16_t count = nodes->count;

    for (uint16_t i = 0; i < count; i++) {
        if (ask_node(nodes, i, user, password)) {
            return true;
        }
    }
    return false;
}

bool nodes_serves(const struct nodes *nodes, uint16_t node)
{
    for (size_t slot = 0; slot < SLOT_COUNT; slot++) {
        if (nodes->of_slot[slot] == node) {
            return true;
        }
    }
    return false;
}
