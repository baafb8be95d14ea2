/* join.h - several answers become one, by the command's reply policy.
 *
 * An error in any part that counts is the answer for the whole; for writes it then says how many
 * parts were executed, unless nobody did anything. An answer that does not fit the policy is an
 * error of the proxy's own and never a guess. Worker's thread.
 */
#ifndef PROXY_ROUTING_JOIN_H
#define PROXY_ROUTING_JOIN_H

#include "proxy/routing/fanout.h"

/* The joiner for all commands but those that a caller joins itself. */
void join_by_policy(struct fanout *fanout, struct sendq *to);

/* The error that nodes have answered what cannot be. */
void join_strange(struct fanout *fanout, struct sendq *to);

#endif
