/* names.h - endpoints for the nodes that are announced by host name. May wait for the resolver: for
 * the discovery thread.
 */
#ifndef PROXY_CLUSTER_NAMES_H
#define PROXY_CLUSTER_NAMES_H

#include "proxy/cluster/resolver.h"
#include "proxy/cluster/topology.h"

/* Fills the endpoints of `topology` that are missing. A name that has no answer in time keeps the
 * endpoint of the same node in `before` (or NULL). A slow resolver leaves the rest as it was: nodes
 * that were announced by number must not wait for it. */
void names_resolve(struct resolver *resolver, struct topology *topology,
                   const struct topology *before);

/* Do the nodes of the two, which are topology_equal(), also have the same endpoints? */
bool names_equal_endpoints(const struct topology *a, const struct topology *b);

#endif
