/* topology_reply.h - a CLUSTER SLOTS reply made into a topology. Untrusted input. Pure. */
#ifndef PROXY_CLUSTER_TOPOLOGY_REPLY_H
#define PROXY_CLUSTER_TOPOLOGY_REPLY_H

#include "common/address_map.h"
#include "proxy/cluster/topology.h"

struct redisReply;

enum topology_reply_result {
    TOPOLOGY_REPLY_OK = 0,
    TOPOLOGY_REPLY_ERROR,    /* the node answered an error */
    TOPOLOGY_REPLY_SHAPE,    /* not an array of ranges with nodes */
    TOPOLOGY_REPLY_RANGE,    /* slot numbers out of bounds or the wrong way round */
    TOPOLOGY_REPLY_OVERLAP,  /* two ranges claim one slot */
    TOPOLOGY_REPLY_ADDRESS,  /* a port out of bounds, a host that is none */
    TOPOLOGY_REPLY_TOO_MANY, /* nodes */
    TOPOLOGY_REPLY_EMPTY,    /* nobody serves any slot */
};

/* `asked` is where the reply came from: it stands in for a host that is NULL or "". A node with
 * host "?" or port 0 is left out. Then `map` replaces addresses. On OK *topology is new and the
 * caller's; endpoints of numeric hosts are filled in, others are left for the caller to resolve. */
enum topology_reply_result topology_from_reply(const struct redisReply *reply,
                                               const struct address *asked,
                                               const struct address_map *map,
                                               struct topology **topology) MUST_USE;

const char *topology_reply_text(enum topology_reply_result result);

#endif
