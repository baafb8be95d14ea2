/* status.h - what the process tells of itself: metrics of all workers and pools, readiness.
 *
 * Control thread; reads what workers and discovery count in relaxed atomics.
 */
#ifndef PROXY_STATUS_H
#define PROXY_STATUS_H

#include "common/sendq.h"

struct server;

/* Hooks of the admin page; `context` is the struct server. */
void status_write_metrics(void *context, struct sendq *to);

/* Healthy: no worker is stuck. Else appends a line for each that is to `why`. */
bool status_is_healthy(void *context, struct sendq *why);

/* Ready: it is healthy, listens, is not draining, and each worker has a picture of the cluster of
 * each pool that there was at the start and is. Who asks while a successor has the admin address
 * already means that one. Else appends a line per reason to `why`. */
bool status_is_ready(void *context, struct sendq *why);

/* Has each worker a picture of each pool's cluster? Else appends a line per pool to `why`. */
bool status_knows_clusters(const struct server *server, struct sendq *why);

#endif
