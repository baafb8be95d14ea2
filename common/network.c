#include "common/network.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "common/memory.h"

enum { MAPPED_AT = 12 }; /* where the IPv4 address of ::ffff:10.0.0.1 begins */

static unsigned bits_of(int family)
{
    return family == AF_INET ? 32 : 128;
}

int network_host_bytes(const char *host, unsigned char bytes[NETWORK_ADDRESS_SIZE])
{
    memset(bytes, 0, NETWORK_ADDRESS_SIZE);
    if (inet_pton(AF_INET, host, bytes) == 1) {
        return AF_INET;
    }
    return inet_pton(AF_INET6, host, bytes) == 1 ? AF_INET6 : 0;
}

unsigned char network_mask(const struct network *network, size_t at)
{
    size_t before = at * 8;
    unsigned mask = 0xff;

    if (network->bits <= before) {
        mask = 0;
    } else if (network->bits < before + 8) {
        mask = 0xffu & ~(0xffu >> (network->bits - before));
    }
    return (unsigned char)mask;
}

static bool read_host(struct span text, struct network *network)
{
    char host[INET6_ADDRSTRLEN];

    if (text.size >= sizeof host) {
        return false;
    }
    memcpy(host, text.at, text.size);
    host[text.size] = '\0';
    network->family = network_host_bytes(host, network->bytes);
    network->bits = bits_of(network->family);
    return network->family != 0;
}

static bool has_bits_behind(const struct network *network)
{
    for (size_t at = 0; at < NETWORK_ADDRESS_SIZE; at++) {
        if ((network->bytes[at] & ~network_mask(network, at)) != 0) {
            return true;
        }
    }
    return false;
}

bool network_parse(struct span text, struct network *network)
{
    const char *slash = text.size == 0 ? NULL : memchr(text.at, '/', text.size);
    size_t size = slash == NULL ? 0 : (size_t)(slash - text.at);
    int64_t bits;

    if (slash == NULL || !read_host((struct span){text.at, size}, network) ||
        !span_to_int64((struct span){slash + 1, text.size - size - 1}, &bits) || bits < 0 ||
        bits > network->bits) {
        return false;
    }
    network->bits = (unsigned)bits;
    return !has_bits_behind(network);
}

bool network_has(const struct network *network, int family,
                 const unsigned char bytes[NETWORK_ADDRESS_SIZE])
{
    if (network->family != family) {
        return false;
    }
    for (size_t at = 0; at < NETWORK_ADDRESS_SIZE; at++) {
        if (((bytes[at] ^ network->bytes[at]) & network_mask(network, at)) != 0) {
            return false;
        }
    }
    return true;
}

static bool networks_add(struct networks *networks, struct span word)
{
    struct network network = {0};

    if (span_equal_nocase(word, SPAN("unix"))) {
        networks->has_unix = true;
        return true;
    }
    if (!network_parse(word, &network) && !read_host(word, &network)) {
        return false;
    }
    networks->items = memory_resize(networks->items, networks->count + 1, sizeof *networks->items);
    networks->items[networks->count++] = network;
    return true;
}

bool networks_parse(struct networks *networks, struct span text, struct span *wrong)
{
    *networks = (struct networks){0};
    for (*wrong = span_take_item(&text); wrong->size > 0; *wrong = span_take_item(&text)) {
        if (!networks_add(networks, *wrong)) {
            networks_clear(networks);
            return false;
        }
    }
    return networks->count > 0 || networks->has_unix;
}

void networks_clear(struct networks *networks)
{
    free(networks->items);
    *networks = (struct networks){0};
}

/* The family under which a peer is looked for, and its bytes; 0: it has none. */
static int peer_bytes(const struct endpoint *peer, unsigned char bytes[NETWORK_ADDRESS_SIZE])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer->storage;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer->storage;

    memset(bytes, 0, NETWORK_ADDRESS_SIZE);
    if (peer->storage.ss_family == AF_INET) {
        memcpy(bytes, &v4->sin_addr, sizeof v4->sin_addr);
        return AF_INET;
    }
    if (peer->storage.ss_family != AF_INET6) {
        return 0;
    }
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        memcpy(bytes, &v6->sin6_addr.s6_addr[MAPPED_AT], sizeof v4->sin_addr);
        return AF_INET;
    }
    memcpy(bytes, &v6->sin6_addr, sizeof v6->sin6_addr);
    return AF_INET6;
}

bool networks_have(const struct networks *networks, const struct endpoint *peer)
{
    unsigned char bytes[NETWORK_ADDRESS_SIZE];
    int family = peer_bytes(peer, bytes);

    if (peer->storage.ss_family == AF_UNIX) {
        return networks->has_unix;
    }
    for (size_t i = 0; family != 0 && i < networks->count; i++) {
        if (network_has(&networks->items[i], family, bytes)) {
            return true;
        }
    }
    return false;
}
