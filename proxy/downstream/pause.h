/* pause.h - CLIENT PAUSE: requests wait before slotway looks at them, in all workers of a pool. So
 * they do while an operator pauses nodes, and as much as may wait for these waits already.
 *
 *      house->pause ── one word: until when, and what ──> each worker's copy in its clients
 *
 *      client READING ── next request is to wait ──> HELD ── time over, UNPAUSE ──> READING
 *
 * A held client's request stays where it was read, unexecuted, and so does all behind it; what is
 * with the nodes already is finished. Who closes the connection meanwhile has taken back what is
 * held, as with a server. The word is shared and atomic; all else is a worker's own.
 */
#ifndef PROXY_DOWNSTREAM_PAUSE_H
#define PROXY_DOWNSTREAM_PAUSE_H

#include "proxy/downstream/client.h"

/* Does it change keys, or what others get to know of? Redis's may_replicate. */
bool pause_is_write(const struct command *command);

/* For the pool: no earlier than `until` (clock_now()), no less than `mode`, than what holds now. */
void pause_extend(struct house *house, enum pause_mode mode, uint64_t until, uint64_t now);

/* For the pool: over. */
void pause_end(struct house *house);

/* What holds for the pool, and until when; it may be over. */
enum pause_mode pause_mode_of(const struct house *house);
uint64_t pause_until_of(const struct house *house);

/* Takes over in this worker what holds for the pool: lets clients go, or sees to it that they are
 * let go in time. */
void pause_refresh(struct clients *clients);

/* Must the request in clients->arguments wait, and for the end of what? Only while clients->pause
 * is not PAUSE_OFF. */
enum pause_mode pause_holds(const struct client *client);

/* Is `client`, HELD, to be looked at again? */
bool pause_is_over_for(const struct client *client);

#endif
