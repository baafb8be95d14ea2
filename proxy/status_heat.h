/* status_heat.h - where the load of each pool is: hot keys, big keys, slots. Control thread only.
 */
#ifndef PROXY_STATUS_HEAT_H
#define PROXY_STATUS_HEAT_H

#include "common/sendq.h"
#include "proxy/metrics/heat.h"

struct server;

/* What the samples of all workers tell of that pool. The caller frees it. */
struct heat_view *status_read_heat(const struct server *server, size_t pool) MUST_USE;

/* Gauges of each pool: how hot the hottest are, and how big the biggest. */
void status_write_heat_figures(const struct server *server, struct sendq *to);

#endif
