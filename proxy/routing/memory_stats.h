/* memory_stats.h - what the MEMORY STATS of several nodes come to.
 *
 *      peak.allocated :100   +   peak.allocated :200   =   peak.allocated :300
 *      peak.percentage ,90       peak.percentage ,60       worked out again from the sums
 *
 * Bytes and counts are summed, also those within a database. Percentages and ratios are those of
 * the sums; one that nobody here knows is the mean. What is no number is the first node's. Names
 * come in the order in which the nodes say them. Borrows the replies until it is freed. Pure.
 */
#ifndef PROXY_ROUTING_MEMORY_STATS_H
#define PROXY_ROUTING_MEMORY_STATS_H

#include "common/sendq.h"

struct memory_stats;

struct memory_stats *memory_stats_new(void) MUST_USE;
void memory_stats_free(struct memory_stats **stats);

/* Adds what one node says, in either protocol. Returns false when that is not names and values. */
bool memory_stats_add(struct memory_stats *stats, struct span reply) MUST_USE;

/* One reply in the protocol of `to`. */
void memory_stats_write(const struct memory_stats *stats, struct sendq *to);

#endif
