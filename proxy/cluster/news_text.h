/* news_text.h - what happened between two pictures of a cluster, in words for an operator. Pure. */
#ifndef PROXY_CLUSTER_NEWS_TEXT_H
#define PROXY_CLUSTER_NEWS_TEXT_H

#include "proxy/cluster/topology.h"

/* The caller's to free: "10.0.0.2:7000 took 5461 slots from 10.0.0.1:7000;
 * 10.0.0.1:7000 is gone". The largest moves and the first nodes; of the rest only how many. */
char *news_text(const struct topology *before, const struct topology *after) MUST_USE;

#endif
