/* node_view.h - the nodes as one worker sees them, for those who ask: PROXY EXPLAIN, TOPOLOGY,
 * NODE.
 *
 * Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_NODE_VIEW_H
#define PROXY_DOWNSTREAM_NODE_VIEW_H

#include "proxy/downstream/client.h"

/* Who `slot` goes to now; NULL: nobody. */
struct pool *node_view_owner(const struct client *client, uint16_t slot);

/* The node with that id, or at that address "host:port"; NULL when there is none. */
struct pool *node_view_find(const struct client *client, struct span word);

/* How this worker finds it, in a few words; NULL is nobody. */
const char *node_view_health(const struct pool *pool);

/* Its unanswered requests from this worker. */
uint32_t node_view_in_flight(const struct pool *pool);

#endif
