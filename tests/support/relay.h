/* relay.h - a stretch of network between slotway and a node, for a test to break.
 *
 *      slotway ──> relay ── RELAY_TO_NODE ──> node
 *              <──       <─ RELAY_TO_PROXY ──
 *
 * All connections of a relay share its fate. It runs in a thread of its own; tests call these
 * functions from theirs, and what they ask for holds when they return.
 */
#ifndef TESTS_SUPPORT_RELAY_H
#define TESTS_SUPPORT_RELAY_H

#include "common/base.h"

enum relay_direction { RELAY_TO_NODE, RELAY_TO_PROXY };

struct relay;

/* Listens on a port of its own and connects each connection on to 127.0.0.1:target. */
struct relay *relay_new(uint16_t target);
void relay_free(struct relay **relay);

/* Where it listens. */
uint16_t relay_port(const struct relay *relay);

/* Lets no byte through in that direction, and tells neither side, until relay_let_through: what is
 * sent meanwhile arrives then, as far as the sockets still live. */
void relay_hold(struct relay *relay, enum relay_direction direction);
void relay_let_through(struct relay *relay, enum relay_direction direction);

/* From now on bytes in that direction arrive `delay_ms` later than they would. */
void relay_delay(struct relay *relay, enum relay_direction direction, uint64_t delay_ms);

/* Cuts the connection on which byte number `size` from now passes in that direction, right behind
 * that byte. Bytes of all connections count. */
void relay_cut_after(struct relay *relay, enum relay_direction direction, size_t size);

/* As if a firewall dropped every packet from now on: nothing passes, nobody is told, and connecting
 * gets no answer. The connections that were there are dead for good; relay_reappear lets new ones
 * through. */
void relay_vanish(struct relay *relay);
void relay_reappear(struct relay *relay);

/* Closes its connections, and refuses new ones until relay_accept. */
void relay_refuse(struct relay *relay);
void relay_accept(struct relay *relay);

/* From now on connections go to 127.0.0.1:target, as when an address is given to another machine.
 * Those that are there are closed. */
void relay_lead_to(struct relay *relay, uint16_t target);

/* How many connections it has taken so far, and how many bytes have passed. */
size_t relay_accepted(struct relay *relay);
size_t relay_passed(struct relay *relay, enum relay_direction direction);

#endif
