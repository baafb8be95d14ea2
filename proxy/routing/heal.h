/* heal.h - scripts on nodes that do not have them: new ones, promoted ones, restarted ones.
 *
 *      EVALSHA ── the node is known to have the script ──────────────────────> as it is
 *         └────── it is remembered (script_memory.h), and may not be there ──> as EVAL
 *      NOSCRIPT ─ remembered ──> as EVAL, in its place behind a gate
 *         └────── not ────────> the client's
 *
 * An EVAL loads and runs in one step, so nothing can come in between; and NOSCRIPT says that
 * nothing was run. What a node has is known from what it was sent over connections that are still
 * there. In a transaction NOSCRIPT is the client's: other commands have been executed. Part of the
 * dispatcher; worker's thread only.
 */
#ifndef PROXY_ROUTING_HEAL_H
#define PROXY_ROUTING_HEAL_H

#include "proxy/routing/dispatcher.h"

/* `request`, a single command, is about to be sent to `pool`, and has a script that is remembered.
 */
void heal_before_send(struct pool *pool, struct request *request);

/* `bytes`, an EVALSHA of the script `number`, are to be part of a transaction for `slot`, or for
 * any with SLOT_NONE. Returns what is to be sent in their place, as the node may not have the
 * script; NULL when it has. */
struct block *heal_queued(struct dispatcher *dispatcher, const struct command *command,
                          uint16_t slot, struct span bytes, uint64_t number) MUST_USE;

/* `pool` has answered `request`, a single command that runs a script, with an error, whatever it
 * says. Returns true when the request is held back, to be sent again with the body. */
bool heal_error(struct pool *pool, struct request *request, struct span reply) MUST_USE;

#endif
