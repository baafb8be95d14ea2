/* status_counts.h - what workers count and sample, as metrics. Control thread only.
 */
#ifndef PROXY_STATUS_COUNTS_H
#define PROXY_STATUS_COUNTS_H

#include "common/sendq.h"

struct server;

/* All metrics that workers count, each summed over them. */
void status_write_counts(const struct server *server, struct sendq *to);

#endif
