#include "common/address_map.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "common/check.h"
#include "common/memory.h"

enum { TEXT_MAX = 640 };

/* A host alone; brackets may stand around IPv6. */
static bool read_host(struct span text, struct address *address)
{
    if (text.size > 2 && text.at[0] == '[' && text.at[text.size - 1] == ']') {
        text = (struct span){text.at + 1, text.size - 2};
    }
    if (address_set(address, text, 1) != ADDRESS_OK || strcmp(address->host, "*") == 0) {
        return false;
    }
    address->port = 0;
    return true;
}

/* "host:port" or "host". */
static bool read_place(struct span text, struct address *address)
{
    if (address_parse(text, address) == ADDRESS_OK) {
        return address->kind == ADDRESS_TCP && address->port != 0 &&
               strcmp(address->host, "*") != 0;
    }
    return read_host(text, address);
}

/* Cuts ":+10000" or ":-10000" off the end; false when it is there and wrong. */
static bool cut_offset(struct span *text, int32_t *offset)
{
    const char *colon = text->size == 0 ? NULL : memrchr(text->at, ':', text->size);
    size_t front = colon == NULL ? 0 : (size_t)(colon - text->at);
    int64_t number;

    *offset = 0;
    if (colon == NULL || front + 1 == text->size || (colon[1] != '+' && colon[1] != '-')) {
        return true;
    }
    struct span digits = {colon + 2, text->size - front - 2};
    if (digits.size == 0 || digits.at[0] < '0' || digits.at[0] > '9' ||
        !span_to_int64(digits, &number) || number < 1 || number > UINT16_MAX) {
        return false;
    }
    *offset = (int32_t)(colon[1] == '+' ? number : -number);
    text->size = front;
    return true;
}

static bool read_from(struct span text, struct address_mapping *mapping)
{
    if (text.size > 0 && memchr(text.at, '/', text.size) != NULL) {
        return network_parse(text, &mapping->from_network);
    }
    return read_place(text, &mapping->from);
}

static bool read_to(struct span text, struct address_mapping *mapping)
{
    if (!cut_offset(&text, &mapping->port_offset)) {
        return false;
    }
    if (text.size > 0 && memchr(text.at, '/', text.size) != NULL) {
        return network_parse(text, &mapping->to_network) &&
               mapping->to_network.family == mapping->from_network.family &&
               mapping->to_network.bits == mapping->from_network.bits;
    }
    return read_place(text, &mapping->to) && (mapping->to.port == 0 || mapping->port_offset == 0);
}

bool address_map_append(struct address_map *map, struct span text)
{
    struct address_mapping mapping = {0};
    const char *equals = text.size == 0 ? NULL : memchr(text.at, '=', text.size);
    size_t front = equals == NULL ? 0 : (size_t)(equals - text.at);

    if (equals == NULL || text.size > TEXT_MAX || memchr(text.at, '\0', text.size) != NULL ||
        !read_from((struct span){text.at, front}, &mapping) ||
        !read_to((struct span){equals + 1, text.size - front - 1}, &mapping)) {
        return false;
    }
    mapping.text = memory_copy(text.at, text.size);
    map->items = memory_resize(map->items, map->count + 1, sizeof *map->items);
    map->items[map->count++] = mapping;
    return true;
}

void address_map_clear(struct address_map *map)
{
    for (size_t at = 0; at < map->count; at++) {
        free(map->items[at].text);
    }
    free(map->items);
    *map = (struct address_map){0};
}

static bool mapping_fits(const struct address_mapping *mapping, const struct address *address)
{
    unsigned char bytes[NETWORK_ADDRESS_SIZE];

    if (mapping->from_network.family != 0) {
        int family = network_host_bytes(address->host, bytes);

        return family != 0 && network_has(&mapping->from_network, family, bytes);
    }
    return strcasecmp(mapping->from.host, address->host) == 0 &&
           (mapping->from.port == 0 || mapping->from.port == address->port);
}

/* The host in the other network, with its own last bits. */
static void move_host(const struct network *network, struct address *address)
{
    unsigned char bytes[NETWORK_ADDRESS_SIZE];
    int family = network_host_bytes(address->host, bytes);

    CHECK(family == network->family);
    for (size_t at = 0; at < NETWORK_ADDRESS_SIZE; at++) {
        unsigned char mask = network_mask(network, at);

        bytes[at] = (unsigned char)(network->bytes[at] | (bytes[at] & ~mask));
    }
    CHECK(inet_ntop(family, bytes, address->host, sizeof address->host) != NULL);
}

static void mapping_apply(const struct address_mapping *mapping, struct address *address)
{
    int32_t port = mapping->to.port != 0 ? mapping->to.port : address->port + mapping->port_offset;

    if (port < 1 || port > UINT16_MAX) {
        return;
    }
    address->port = (uint16_t)port;
    if (mapping->to_network.family != 0) {
        move_host(&mapping->to_network, address);
    } else {
        memcpy(address->host, mapping->to.host, sizeof address->host);
    }
}

void address_map_apply(const struct address_map *map, struct address *address)
{
    for (size_t at = 0; at < map->count && address->kind == ADDRESS_TCP; at++) {
        if (mapping_fits(&map->items[at], address)) {
            mapping_apply(&map->items[at], address);
            return;
        }
    }
}
