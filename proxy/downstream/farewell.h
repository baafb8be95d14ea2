/* farewell.h - the last moments of a connection on which all has been said.
 *
 * Closing a socket while bytes lie there that nobody read, or while more arrive, makes the kernel
 * send a reset and forget what the peer has not taken yet: replies to requests that were executed.
 * So, unless the peer has taken all, only our half is closed first, and what still comes is read
 * into nothing:
 *
 *      DRAINING ─ all written ─> taken, and nothing to read? ──> CLOSED
 *                                    └─ no ─> LEAVING ─ the peer closes, has taken all, or
 *                                                       takes nothing for too long ─> CLOSED
 *
 * Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_FAREWELL_H
#define PROXY_DOWNSTREAM_FAREWELL_H

#include "proxy/downstream/client.h"

/* Before the last replies are written: they leave together with the end of the connection, so that
 * the peer, which may wait for no more than these, does not send anything in between. */
void farewell_prepare(const struct client *client);

/* May it be closed without any loss, now? */
bool farewell_is_easy(const struct client *client);

/* Says that nothing more will come, and reads into nothing; closes when the peer does. `client` is
 * LEAVING. */
void farewell_begin(struct client *client);

/* Is there nothing left to wait for, although the peer has not closed? `client` is LEAVING. */
bool farewell_is_over(const struct client *client, uint64_t now);

#endif
