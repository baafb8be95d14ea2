/* facade.h - the one Redis server that clients see in place of the cluster. */
#ifndef PROXY_DOWNSTREAM_FACADE_H
#define PROXY_DOWNSTREAM_FACADE_H

#include "proxy/downstream/local_call.h"

/* The server whose replies slotway's own are word for word, and the version it gives where no node
 * can be asked for one. */
#define FACADE_VERSION "7.0.15"

/* The address at which this client reached us: what a cluster client is told to connect to. */
struct facade_address {
    char host[256]; /* numeric; "" for a unix socket, which cluster clients read as "the same" */
    uint16_t port;  /* 0 for a unix socket */
};

/* Asks the socket, so it holds behind any address that listens. */
void facade_address_of(const struct client *client, struct facade_address *address);

/* Does slotway show itself as a node of a cluster, or as a single server? Either way it answers
 * both kinds of clients; some look first. */
bool facade_is_cluster(const struct client *client);

/* "cluster" or "standalone", as INFO and HELLO say it. */
const char *facade_mode(const struct client *client);

/* The longest wait for nodes by those who ask how the cluster is: in trouble, they are told so. */
enum { FACADE_PATIENCE_US = US_PER_SECOND };

/* Is some node known to be a primary? */
bool facade_has_primaries(const struct client *client);

/* Sends the request in hand to all primaries; `join` composes the reply, of the parts that are
 * there when the patience ends. */
void facade_ask_primaries(const struct local_call *call, fanout_join *join, void *context);

#endif
