/* status_topology.h - metrics of what is believed of the cluster, and why. */
#ifndef PROXY_STATUS_TOPOLOGY_H
#define PROXY_STATUS_TOPOLOGY_H

#include "common/sendq.h"

struct server;

/* Any thread that may use the sendq. */
void status_write_topology(const struct server *server, struct sendq *to);

#endif
