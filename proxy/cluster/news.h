/* news.h - what a new picture of a cluster says that the old one did not. Pure but for the log
 * and the events (events.h). */
#ifndef PROXY_CLUSTER_NEWS_H
#define PROXY_CLUSTER_NEWS_H

#include "proxy/cluster/topology.h"

struct difference {
    unsigned slots;  /* that have another primary */
    unsigned ranges; /* runs of such slots */
};

/* Has it another primary? `before` may be NULL, here and below. */
bool slot_has_moved(const struct topology *before, const struct topology *after, uint32_t slot);

/* In all slots together. */
struct difference difference_of(const struct topology *before, const struct topology *after);

/* How many of its nodes are primaries. */
unsigned count_primaries(const struct topology *topology);

/* One line, and one event, that say how `after` differs from `before`. */
void news_log(const char *pool, const struct topology *before, const struct topology *after);

#endif
