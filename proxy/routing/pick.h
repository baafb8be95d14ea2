/* pick.h - where a request can go now: to which pool, or why not. Decides, and does nothing.
 * Worker's thread only.
 */
#ifndef PROXY_ROUTING_PICK_H
#define PROXY_ROUTING_PICK_H

#include "proxy/routing/dispatcher.h"

enum verdict { SEND_IT, WAIT_FOR_IT, REFUSE_IT };

struct pick {
    enum verdict verdict;
    struct pool *pool;       /* REFUSE_IT: the one that would have served it, or NULL */
    enum error_symbol error; /* REFUSE_IT */
    bool is_halted;          /* WAIT_FOR_IT: because of an operator, obey.h */
};

/* Drops the request's wish to ask another node if that one cannot be reached now. */
struct pick pick_for(struct dispatcher *dispatcher, struct request *request);

/* The connection that the request's lane holds, if it can go there: it leads to `pool`, and is for
 * what the lane speaks, which may have changed since. NULL: it needs another one. */
struct upstream *pick_own(const struct pool *pool, const struct request *request);

/* Does it go on the node's reserved connection, since the shared one may be what it is to free?
 * SCRIPT KILL and its like: a node that is busy with a script reads nothing more on the connection
 * that the script came from. */
bool pick_is_urgent(const struct request *request);

/* Who is to blame, for the text of a refusal; of ERROR_COMMAND, all of it. */
const char *pick_name(const struct pick *pick);

#endif
