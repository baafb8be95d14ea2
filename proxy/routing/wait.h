/* wait.h - WAIT and WAITAOF, as they are sent to each node that a client wrote to.
 *
 *      SET a 1 ──> node 0, shared connection       answered, so it is behind node 0's offset
 *      WAIT 2 100 ──> node 0, private connection:  PING        takes note of that offset
 *                                                  WAIT 2 100  waits until it is acknowledged
 *
 * A server waits for what it had written when the connection's last command was executed. WAIT is
 * served alone, so all that its client wrote before has been answered by then. Worker's thread
 * only.
 */
#ifndef PROXY_ROUTING_WAIT_H
#define PROXY_ROUTING_WAIT_H

#include "proxy/routing/fanout.h"

/* The two commands, for the request in `bytes`. */
struct block *wait_compose(struct span bytes) MUST_USE;

/* The least of the answers; if that is what was asked for, what was written so far is done with. */
fanout_join wait_join;

#endif
