/* network.h - networks of IP addresses, "10.0.0.0/8" or "fd00::/64", and lists of them.
 *
 * Pure; immutable once made.
 */
#ifndef COMMON_NETWORK_H
#define COMMON_NETWORK_H

#include "common/address.h"

enum { NETWORK_ADDRESS_SIZE = 16 };

/* All hosts whose first `bits` are these. */
struct network {
    int family; /* AF_INET, AF_INET6; 0: not a network */
    unsigned bits;
    unsigned char bytes[NETWORK_ADDRESS_SIZE];
};

/* Peers, by where they come from. */
struct networks {
    struct network *items;
    size_t count;
    bool has_unix; /* those who come over a unix socket are meant, too */
};

/* The bytes of a numeric host, zeros behind them; its family, or 0 when it is a name. */
int network_host_bytes(const char *host, unsigned char bytes[NETWORK_ADDRESS_SIZE]);

/* "172.18.0.0/16"; bits behind the slash that are set are a mistake of the writer, and false. */
bool network_parse(struct span text, struct network *network) MUST_USE;

/* Is that host in it? */
bool network_has(const struct network *network, int family,
                 const unsigned char bytes[NETWORK_ADDRESS_SIZE]);

/* The bits of byte number `at` of a host that belong to the network. */
unsigned char network_mask(const struct network *network, size_t at);

/* "10.0.0.0/8, 192.168.1.5, unix": networks, hosts and that word, by commas or blanks. False when
 * *wrong is none of these, or there is nothing; then there is nothing to clear. */
bool networks_parse(struct networks *networks, struct span text, struct span *wrong) MUST_USE;

void networks_clear(struct networks *networks);

/* Does `peer` come from one of them? IPv4 over a listener for both families is IPv4. */
bool networks_have(const struct networks *networks, const struct endpoint *peer);

#endif
