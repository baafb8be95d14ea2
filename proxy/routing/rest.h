/* rest.h - a dispatcher that nobody sends anything to, until further notice: its pool has gone from
 * the configuration, and may come back.
 *
 *      last client gone, no picture to come ──> rest_begin: connections close, no picture is known
 *      the pool is back ──> rest_end ──> requests wait for a picture, as before the first one
 *
 * It leaves the nodes alone meanwhile: who lives at their addresses later is not to be told a
 * password. Of companions likewise. Worker's thread only.
 */
#ifndef PROXY_ROUTING_REST_H
#define PROXY_ROUTING_REST_H

#include "proxy/routing/dispatcher.h"

/* Each connection is closed when what is in flight there is answered. */
void rest_begin(struct dispatcher *dispatcher);

/* Also of one that does not rest. */
void rest_end(struct dispatcher *dispatcher);

#endif
