/* arrival.h - a connection that a load balancer passes on, until its header has come.
 *
 *      listener ─ from a peer that is trusted ─> arrival ─ header read, no byte more ─> client_open
 *               └ from anybody else ───────────────────────────────────────────────────────^
 *
 * The header says who the client is (common/proxy_header.h), in clear: what is behind it, a TLS
 * handshake say, is for whoever gets the socket next. A peer that closes before it has sent
 * anything has only looked whether somebody is there. One that sends anything else, or nothing for
 * too long, is closed without an answer: what it would make of one is unknown. Worker's thread
 * only.
 */
#ifndef PROXY_DOWNSTREAM_ARRIVAL_H
#define PROXY_DOWNSTREAM_ARRIVAL_H

#include "proxy/downstream/clients.h"

struct tls_context;

/* Takes the socket, which becomes a client, or is closed. `tls` is the client's: a reference is
 * taken. */
void arrival_open(struct clients *clients, int fd, struct tls_context *tls);

/* Closes all that have not become clients yet. */
void arrivals_close(struct clients *clients);

#endif
