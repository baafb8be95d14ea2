/* blocked.h - a client that waits in a command that blocks, and who may wake it.
 *
 *      BLPOP k 0 ──blocked_begin──> is_blocked ──blocked_end──> answered, or the client is gone
 *                                        │
 *                                        └── CLIENT UNBLOCK: blocked_wake
 *                                            other rights:   blocked_judge
 *
 * Such a request is served alone (alone.h), so there is one at a time. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_BLOCKED_H
#define PROXY_DOWNSTREAM_BLOCKED_H

#include "proxy/downstream/client.h"
#include "proxy/upstream/private.h"

/* Makes `request`, the one in hand, which has just begun, one that may block, if it says so. */
void blocked_begin(struct client *client, struct request *request);

/* The client blocks no more. */
void blocked_end(struct client *client);

/* Wakes the client, which is blocked. */
void blocked_wake(struct client *client, enum private_wake how);

/* Wakes the client, which is blocked, with an error when its user may not wait for that. What its
 * node gave it in that moment is its answer all the same: nobody else could have it. */
void blocked_judge(struct client *client);

/* What the answer of its node is to `request`, of a client that blocks: the node cannot know why it
 * was to wake it. */
struct span blocked_answer(const struct request *request, struct span answer);

#endif
