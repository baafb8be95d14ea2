/* server_words.h - the errors by which a server itself refuses to run a script, word for word.
 *
 * A script may return any error, "TRYAGAIN later" as well, and has been executed then; only what
 * the server says is a refusal. Redis and Valkey, all versions with a cluster. Pure.
 */
#ifndef PROXY_ROUTING_SERVER_WORDS_H
#define PROXY_ROUTING_SERVER_WORDS_H

#include "common/span.h"
#include "proxy/request/request.h"

/* Is the whole error `reply` what a server says for `refusal`? MOVED and ASK differ each time: all
 * that can be told is that no script raised it. */
bool server_says(struct span reply, enum refusal refusal);

#endif
