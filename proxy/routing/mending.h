/* mending.h - functions for a node that lacks them: a new one, or one that has lost them.
 *
 *      FCALL: Function not found ─┐
 *      a node that is new ────────┴─> FUNCTION LIST WITHCODE of another primary
 *                                        └─> FUNCTION LOAD of each library ─> the FCALL again
 *
 * What functions there are is known to the cluster, so nothing is remembered here. Libraries that
 * the node has stay as they are. A node that turned out to lack nothing is left alone for a while,
 * and so are all when functions have just been deleted: what another node still has would bring
 * them back. Part of the dispatcher; worker's thread only.
 */
#ifndef PROXY_ROUTING_MENDING_H
#define PROXY_ROUTING_MENDING_H

#include "proxy/routing/pick.h"

/* What the workers of a process know of each other. Atomic; outlives them. */
struct mending_board {
    _Atomic uint64_t gone_at; /* when clients last deleted functions; 0: never */
    size_t worker_count;
    _Atomic uint64_t loading_at[]; /* when each worker last brought a library to some node */
};

struct mending_board *mending_board_new(size_t worker_count) MUST_USE;

/* A client deletes functions: now, by clock_now(). */
void mending_note_gone(struct mending_board *board, uint64_t now);

/* Brings all functions to `pool`, which is new, if another node has any. */
void mending_welcome(struct pool *pool);

/* `pool` has answered `request`, a single command that runs a script or a function, with an error.
 * Only slotway's own user may look for functions, so for others nothing is done. Returns true when
 * it is held back until the function it calls has been brought there. */
bool mending_error(struct pool *pool, struct request *request, struct span reply) MUST_USE;

/* May `request`, which waits for functions, be sent to `pool` now? Sets *pick if not. */
bool mending_is_over(const struct pool *pool, struct request *request, struct pick *pick) MUST_USE;

/* The dispatcher ends. */
void mending_end_all(struct dispatcher *dispatcher);

#endif
