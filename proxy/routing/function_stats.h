/* function_stats.h - what FUNCTION STATS says, for clients of either protocol.
 *
 * It is asked over a node's reserved connection, past a script that keeps the others waiting, and
 * that connection speaks RESP2. Pure.
 */
#ifndef PROXY_ROUTING_FUNCTION_STATS_H
#define PROXY_ROUTING_FUNCTION_STATS_H

#include "common/sendq.h"

/* Writes a node's answer in the protocol of `to`: in RESP3 its names and values are maps. */
void function_stats_write(struct sendq *to, struct span reply);

#endif
