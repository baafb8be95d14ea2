/* sampled_request.h - what is noted of a request that is looked at closely, when it has come and
 * when it is answered; what lies between is sampled.h's. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_SAMPLED_REQUEST_H
#define PROXY_DOWNSTREAM_SAMPLED_REQUEST_H

#include "proxy/downstream/client.h"

/* The request in hand, which is the one that is due: notes its keys, and makes it a sample. */
void sampled_request_begin(struct client *client, struct request *request);

/* The command in hand is queued for EXEC, which has no keys: counts, and notes its keys when it is
 * the one that is due. */
void sampled_request_queue(struct client *client, const struct command *command);

/* `request` has its answer: notes sizes, if it is a sample, and its key, if that is a big one. */
void sampled_request_end(struct client *client, const struct request *request, size_t reply_size);

#endif
