/* tapping.h - makes the subscription of one tap at a node, keeps it, and ends it.
 *
 *      place ──> begin ──> stand        the node has acknowledged it
 *        ^                   │
 *        ├─── lose <─────────┤          its connection is gone, or the node refuses
 *        └─── ended <── end <┘          wanted, but elsewhere; or wanted no more: it is freed
 *
 * What becomes of the whole topic is spread.h's. Worker's thread only.
 */
#ifndef PROXY_PUBSUB_TAPPING_H
#define PROXY_PUBSUB_TAPPING_H

#include "proxy/pubsub/carrier.h"

/* A new one, for the node with that id, or "" for any, that looks for its node at once. */
void tapping_add(struct carrier *carrier, struct supply *supply, const char *node);

/* The node where `supply` is to be heard, or where what the bus brings is to be taken from. NULL:
 * none can be had now. */
const struct node *tapping_choose(struct carrier *carrier, const struct supply *supply);

/* What the bus brings is to be taken from `node` from now on; not as long as the node where it was
 * taken from last is heard: what is there stays there. */
void tapping_take_bus(struct carrier *carrier, const char *node);

/* Looks for a node for a tap that wants one, when its time has come. */
void tapping_place(struct carrier *carrier, struct tap *tap);

/* Subscribes at its feed, which is ready. */
void tapping_begin(struct tap *tap);

/* It stands. */
void tapping_stand(struct carrier *carrier, struct tap *tap);

/* It has lost its node, or that has refused it: it waits for `pause` microseconds. It is freed if
 * it is not due. */
void tapping_lose(struct carrier *carrier, struct tap *tap, uint64_t pause);

/* Unsubscribes if need be. It may be freed at once: spread_finish then looks at its supply. */
void tapping_end(struct carrier *carrier, struct tap *tap);

/* It is subscribed to nowhere any more: freed, or placed again if it is wanted. */
void tapping_ended(struct carrier *carrier, struct tap *tap);

/* Has its slot got another owner since it was asked for? */
bool tapping_is_astray(const struct carrier *carrier, const struct tap *tap);

/* Does nobody know any reason why it should not stand soon? */
bool tapping_is_hopeful(const struct carrier *carrier, const struct tap *tap);

#endif
