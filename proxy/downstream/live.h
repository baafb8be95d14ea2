/* live.h - a transaction whose client waits for each answer: it gets what the node says.
 *
 *      MULTI    +OK, by us
 *      SET a 1  ── MULTI, SET a 1 ──> private connection to a's node ── +OK, +QUEUED ──> +QUEUED
 *      GET a    ── GET a ───────────> the same                       ── -OOM … ───────> -OOM …
 *      EXEC     ── EXEC ────────────> the same                       ── -EXECABORT … ──> the same
 *
 *      LOCAL ── a step, whose answers are good ──> LIVE ── EXEC, DISCARD … ──> over
 *        └──── a step ────> GIVEN UP <──────────────┘        idle for timeouts.request, cap,
 *                              │         trouble of any kind: connection lost, MOVED, deadline
 *                              └── as if there had never been a step (transaction.h)
 *
 * A node that has not taken a MULTI before gets it alone at first, and the rest of the step when it
 * has said +OK: one that refuses MULTI would execute what stands behind it.
 *
 * A step is all that the node has not got yet, with the command in hand last: what was said before
 * the slot was known, or was pipelined. It is made when the client has sent nothing behind that
 * command, so who pipelines a transaction, or types it inline, is not asked after, and pays
 * nothing; and while an operator has paused the node. A node has executed nothing before EXEC, so
 * who gives up tells nobody: +QUEUED, and EXEC sends all of it as one burst on the shared
 * connection, also when it was EXEC that could not be sent, or was redirected. Once EXEC may have
 * been executed, it is never sent again.
 *
 * The connection is the lane's own, the one that watches if the client does; without it, all that
 * is left to who watches is nil. A step and EXEC are served alone (alone.h). Of the connections
 * that clients may have for themselves, live transactions are given no more than one half; a client
 * that caches what it reads is not live, as nobody would tell it of changes. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_LIVE_H
#define PROXY_DOWNSTREAM_LIVE_H

#include "proxy/downstream/local_call.h"

/* Is the client's transaction with a node? */
static inline bool live_is_on(const struct client *client)
{
    const struct upstream *own = client->lane.own;

    return unlikely(own != NULL) && own->is_in_multi;
}

/* The command in hand has just been queued. Returns true when a node is asked for the answer to it;
 * else it is ours. */
bool live_asks(struct client *client, const struct queued_command *queued) MUST_USE;

/* EXEC: what the node has not got yet, as a request for the client's own connection. */
struct request *live_begin_exec(const struct local_call *call) MUST_USE;

/* EXEC of a client that is live and does not watch: sends it. */
void live_execute(const struct local_call *call);

/* Now and then: an idle client has its connection for no longer than it must. */
void live_look(struct client *client, uint64_t now);

#endif
