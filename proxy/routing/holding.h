/* holding.h - requests that must wait: behind which gate, until when, and what goes on when.
 *
 *      refused, unsent, lost ──> holding_hold_refused ─┐
 *      arrives behind a gate ──> holding_hold ─────────┴─> gate->waiting
 *                                                             │ at the end of a turn in which the
 *      pool <── sent, one at a time or all <── pump <─────────┘ gate was looked at
 *
 * A gate is looked at when its outstanding requests are back, when its pause is over, and when
 * something changed: a new picture of the cluster, a node that can be reached again. What waits is
 * bounded in number and bytes. Part of the dispatcher; worker's thread only.
 */
#ifndef PROXY_ROUTING_HOLDING_H
#define PROXY_ROUTING_HOLDING_H

#include "proxy/routing/dispatcher.h"

/* Holding back with or without a pause before the next attempt. */
enum pause { AT_ONCE, AFTER_A_PAUSE };

/* The gate of `lane` for `key`: there already, or new. */
struct gate *holding_gate(struct dispatcher *dispatcher, struct lane *lane, uint32_t key);

/* Frees a gate that nothing waits at and nothing points to. */
void holding_close_gate(struct dispatcher *dispatcher, struct gate *gate);

/* Looks at `gate` at the end of this turn. */
void holding_look_at(struct dispatcher *dispatcher, struct gate *gate);

/* Looks at all gates at the end of this turn, whatever they rest for. */
void holding_look_at_all(struct dispatcher *dispatcher);

/* `request` is back from its node: its gate, if any, may go on. */
void holding_release(struct dispatcher *dispatcher, struct request *request);

/* Puts `request`, new or back from a node, behind `gate`; refuses it where too much waits. */
void holding_hold(struct dispatcher *dispatcher, struct gate *gate, struct request *request);

/* The same for a request that was refused, never left or lost its answer: the gate of its slot
 * opens, or pauses for longer. */
void holding_hold_refused(struct dispatcher *dispatcher, struct request *request,
                          enum refusal refusal, enum pause pause);

/* Takes `request` out of the gate it waits at; it is then with nobody. */
void holding_unhold(struct dispatcher *dispatcher, struct request *request);

/* Gives `request` to `pool`, which accepts it. One that blocks and has no time left is answered
 * instead. */
void holding_send(struct pool *pool, struct request *request);

/* A gate or a move less for `slot`. */
void holding_unwatch(struct dispatcher *dispatcher, uint16_t slot);

/* The dispatcher's end-of-turn task: sends what may be sent. */
void holding_on_pump(struct turn_task *task);

#endif
