/* redirect.h - what a node's error reply asks of us. Pure; any thread. */
#ifndef PROXY_ROUTING_REDIRECT_H
#define PROXY_ROUTING_REDIRECT_H

#include "common/address.h"
#include "proxy/request/request.h"

struct redirect {
    enum refusal refusal; /* REFUSAL_NONE: an answer like any other, for the client */
    uint16_t slot;        /* MOVED and ASK */
    bool has_address;     /* MOVED and ASK; false: the node does not know, "?" or garbage */
    struct address address;
};

/* Reads a whole reply that starts with '-'. `asked` is the node that answered: it stands in for an
 * empty host (Redis Cluster: cluster-preferred-endpoint-type unknown-endpoint). A MOVED or ASK
 * without a slot is an answer like any other. What EXEC was refused for counts as the refusal. */
struct redirect redirect_of(struct span reply, const struct address *asked);

#endif
