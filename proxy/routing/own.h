/* own.h - requests for the very connection that a lane holds, where a node remembers something for
 * it: what it watches, what it has queued for EXEC.
 *
 *      WATCH, own_begin ── answered ──> held ── own_send ──> answered
 *                                        │ └─ own_unwatch ──> as good as new
 *                                        └─ closed: what it remembered is gone, and own_send
 *                                           says `otherwise`
 *
 * Nothing of this is ever sent on another connection, or to another node, unless by its detour.
 * Part of the dispatcher; worker's thread only.
 */
#ifndef PROXY_ROUTING_OWN_H
#define PROXY_ROUTING_OWN_H

#include "proxy/routing/dispatcher.h"

/* Sends `request` (as for dispatcher_send, with special->otherwise or special->detour set) on the
 * connection that its lane holds, or settles it with `otherwise`: at once when there is none, or it
 * leads to a node that does not serve the request's slot any more; later when the node refuses it,
 * or the connection closes before it has left. While an operator keeps requests from that node, it
 * goes by its detour, or waits at a gate and is looked at again from there. */
void own_send(struct dispatcher *dispatcher, struct request *request);

/* Would own_send have `request` wait? */
bool own_must_wait(const struct dispatcher *dispatcher, const struct request *request);

/* The same for a lane that holds none: on one to the node of the request's slot, now or not at all;
 * not either while little more is known of the slot than its owner, or few more connections may be
 * had. */
void own_begin(struct dispatcher *dispatcher, struct request *request);

/* The node that own_send, or own_begin for `slot`, would send to; NULL: none. */
struct pool *own_pool(const struct dispatcher *dispatcher, const struct lane *lane,
                      uint16_t slot) MUST_USE;

/* Settles a request that has an `otherwise`, and is with nobody, with that, or gives it to its
 * detour. Its lane holds nothing any more: it might remember what the client was told is lost. */
void own_settle_otherwise(struct dispatcher *dispatcher, struct request *request);

/* The lane, which holds a connection, is done with it: the node is told to watch nothing, and to
 * forget what it has queued. */
void own_unwatch(struct dispatcher *dispatcher, struct lane *lane);

#endif
