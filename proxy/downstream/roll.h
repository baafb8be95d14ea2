/* roll.h - which clients of a pool are there, and in which worker: for those who tell each other
 * something by their ids.
 *
 *      clients[id % room], or the next free place behind that       room doubles with their number
 *
 * Behind a lock; any thread, but for what says otherwise. Kept when clients come and go, asked
 * seldom, so it is small rather than fast.
 */
#ifndef PROXY_DOWNSTREAM_ROLL_H
#define PROXY_DOWNSTREAM_ROLL_H

#include "common/base.h"

struct client;
struct clients;
struct roll;

struct roll *roll_new(void) MUST_USE;

/* Nobody may be on it. NULL inside is fine. */
void roll_free(struct roll **roll);

/* A client has come, whose session has its id. Its worker's thread, likewise when it goes. */
void roll_add(struct roll *roll, struct client *client);

/* It has gone. */
void roll_remove(struct roll *roll, struct client *client);

/* Is `id` there? Then *worker is its worker; it may leave at any time. */
bool roll_find(struct roll *roll, uint64_t id, size_t *worker);

/* The client `id` if it is one of `clients`, whose worker's thread this is; else NULL. */
struct client *roll_client(struct roll *roll, const struct clients *clients, uint64_t id);

#endif
