/* address_map.h - other addresses for those that nodes announce and that cannot be reached from
 * here: nodes behind NAT, in containers, or with names of their own.
 *
 *      FROM=TO              FROM                     TO
 *      10.0.0.5:7000=…      that host and port       example.org:17000   another host and port
 *      10.0.0.5=…           that host, any port      example.org         another host, same port
 *      172.18.0.0/16=…      all hosts of a network   127.0.0.1:+10000    and a port so much higher
 *      fd00::/64=…          (IPv6 with a port: [v6]:port)    :-10000     or lower
 *                                                    10.1.0.0/16         a network of the same
 * size: the rest of the host stays
 *
 * The first that fits counts, and what fits none stays as it is. Pure; immutable once made.
 */
#ifndef COMMON_ADDRESS_MAP_H
#define COMMON_ADDRESS_MAP_H

#include "common/network.h"

struct address_mapping {
    char *text;                  /* as written */
    struct address from;         /* port 0: any; not looked at when from_network is one */
    struct network from_network; /* or none */
    struct address to;           /* port 0: the same, plus port_offset; likewise */
    struct network to_network;
    int32_t port_offset;
};

struct address_map {
    struct address_mapping *items;
    size_t count;
};

/* Adds one FROM=TO; false, and nothing changed, when it is none. */
bool address_map_append(struct address_map *map, struct span text) MUST_USE;

void address_map_clear(struct address_map *map);

/* Replaces *address by what the first mapping that fits says. A port that would be out of bounds
 * leaves it as it is. */
void address_map_apply(const struct address_map *map, struct address *address);

#endif
