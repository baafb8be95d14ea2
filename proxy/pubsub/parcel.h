/* parcel.h - messages on their way from a carrier to the hub of one worker.
 *
 *      [ head | push as the node sent it ][ head | push ] ...
 *
 * What arrived in one turn for one worker travels together, and is copied once for that worker,
 * however many clients it has. The memory is the parcel's own, as blocks do not leave their thread;
 * the exchange counts how much is under way, and a carrier that has posted too much stops reading.
 */
#ifndef PROXY_PUBSUB_PARCEL_H
#define PROXY_PUBSUB_PARCEL_H

#include "proxy/pubsub/exchange.h"

struct parcel;

/* One message in it. `push` is a whole reply of type '*' or '>' that the receiver may change. */
struct parcel_item {
    struct topic topic;
    char *push;
    size_t size;
};

/* From the carrier of worker `from` to the hub of worker `to`. */
struct parcel *parcel_new(struct exchange *exchange, size_t from, size_t to) MUST_USE;

/* Adds a copy of `push`, whose topic's name lies inside it. */
void parcel_add(struct parcel *parcel, const struct topic *topic, struct span push);

/* Posts it: hub_open is called in the receiver's thread. Takes the pointer. */
void parcel_send(struct parcel **parcel);

/* Takes the pointer; NULL inside is fine. */
void parcel_free(struct parcel **parcel);

/* The item at *at, which starts as 0 and is moved behind it. False at the end. */
bool parcel_next(struct parcel *parcel, size_t *at, struct parcel_item *item) MUST_USE;

#endif
