/* roll.h - which clients of a pool are there, and in which worker: for those who tell each other
 * something by their ids.
 *
 * Behind a lock; any thread. Kept when clients come and go, asked seldom.
 */
#ifndef PROXY_DOWNSTREAM_ROLL_H
#define PROXY_DOWNSTREAM_ROLL_H

#include "common/table.h"

struct roll;

struct roll *roll_new(void) MUST_USE;

/* Nobody may be on it. NULL inside is fine. */
void roll_free(struct roll **roll);

/* A client of `worker` has come. */
void roll_add(struct roll *roll, uint64_t id, size_t worker);

/* It has gone. */
void roll_remove(struct roll *roll, uint64_t id);

/* Is `id` there? Then *worker is its worker; it may leave at any time. */
bool roll_find(struct roll *roll, uint64_t id, size_t *worker);

#endif
