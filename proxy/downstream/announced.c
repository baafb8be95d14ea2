#include "proxy/downstream/announced.h"

#include <inttypes.h>
#include <stdio.h>

enum { ID_WORDS = 5, WORD_DIGITS = ANNOUNCED_ID_SIZE / ID_WORDS };

static const struct addresses *nodes_of(const struct client *client)
{
    return &client->clients->config->announce_nodes;
}

/* FNV-1a, begun differently for each part of the id. */
static uint32_t hash_part(const char *text, uint32_t part)
{
    uint32_t hash = 2166136261u + part * 0x9e3779b9u;

    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    }
    return hash;
}

static void id_of(const struct address *address, char *id)
{
    char text[sizeof address->host + sizeof "unix:[]:65535"];

    address_print(address, text, sizeof text);
    for (uint32_t i = 0; i < ID_WORDS; i++) {
        snprintf(id + i * WORD_DIGITS, WORD_DIGITS + 1, "%08" PRIx32, hash_part(text, i));
    }
}

static uint32_t index_of(const struct addresses *nodes, const char *host, uint16_t port)
{
    for (uint32_t i = 0; i < nodes->count; i++) {
        if (nodes->items[i].port == port && strcmp(nodes->items[i].host, host) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* As configured, or the address that the client came to if that is one of them. */
static uint32_t self_index(const struct client *client)
{
    const struct addresses *self = &client->clients->config->announce_self;
    struct facade_address reached;
    uint32_t index;

    if (self->count > 0) {
        index = index_of(nodes_of(client), self->items[0].host, self->items[0].port);
    } else {
        facade_address_of(client, &reached);
        index = index_of(nodes_of(client), reached.host, reached.port);
    }
    return index == UINT32_MAX ? 0 : index;
}

/* Without a list: one node, where the client came to, whose id is new with each start. */
static void get_reached(const struct client *client, struct announced *announced)
{
    facade_address_of(client, &announced->reached);
    announced->host = announced->reached.host;
    announced->port = announced->reached.port;
    snprintf(announced->id, sizeof announced->id, "%s", client->clients->house->run_id);
    announced->first = 0;
    announced->last = SLOT_COUNT - 1;
    announced->is_self = true;
}

uint32_t announced_count(const struct client *client)
{
    return nodes_of(client)->count == 0 ? 1 : (uint32_t)nodes_of(client)->count;
}

void announced_get(const struct client *client, uint32_t index, struct announced *announced)
{
    const struct addresses *nodes = nodes_of(client);
    uint32_t count = announced_count(client);

    CHECK(index < count);
    if (nodes->count == 0) {
        get_reached(client, announced);
        return;
    }
    announced->host = nodes->items[index].host;
    announced->port = nodes->items[index].port;
    id_of(&nodes->items[index], announced->id);
    announced->first = (uint16_t)(index * SLOT_COUNT / count);
    announced->last = (uint16_t)((index + 1) * SLOT_COUNT / count - 1);
    announced->is_self = index == self_index(client);
}

void announced_get_self(const struct client *client, struct announced *announced)
{
    announced_get(client, nodes_of(client)->count == 0 ? 0 : self_index(client), announced);
}
