/* names.h - endpoints for the nodes that are announced by host name. May ask the resolver and
 * block: for the discovery thread.
 */
#ifndef PROXY_CLUSTER_NAMES_H
#define PROXY_CLUSTER_NAMES_H

#include "proxy/cluster/topology.h"

struct names {
    uint64_t resolved_at; /* clock_now() of the last time known names were asked for again */
};

/* Fills the endpoints of `topology` that are missing. A name that `before` (or NULL) knows keeps
 * its endpoint when the resolver fails, and is asked for again only now and then. A slow resolver
 * leaves the rest as it was: nodes that were announced by number must not wait for it. */
void names_resolve(struct names *names, struct topology *topology, const struct topology *before);

/* Do the nodes of the two, which are topology_equal(), also have the same endpoints? */
bool names_equal_endpoints(const struct topology *a, const struct topology *b);

#endif
