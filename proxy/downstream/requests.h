/* requests.h - from a client's bytes to requests on their way.
 *
 *      bytes ─> scan ─> find ─> alone? ─> admit ─> route ─> dispatcher, fan-out or local answer
 *
 * In here it is decided who answers; what becomes of the answer is client.h's. Worker's thread
 * only.
 */
#ifndef PROXY_DOWNSTREAM_REQUESTS_H
#define PROXY_DOWNSTREAM_REQUESTS_H

#include "proxy/downstream/client.h"

/* Sends all whole requests that have been read on their way, as far as the client's limits allow
 * and none is to be served alone. */
void requests_scan(struct client *client);

/* Nothing new is taken where memory is used up: refuses the request in hand, and returns true. */
bool requests_shed(struct client *client, const struct command *command);

#endif
