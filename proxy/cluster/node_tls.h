/* node_tls.h - whether new connections to the nodes of one pool are encrypted, and how.
 *
 *      control thread ── node_door_use ──> [ struct node_tls ]       at start, and for new files
 *      worker, discovery ── node_door_open ──┘ looked at once for each new connection
 *
 * Connections that live keep the certificates that they were made with. A node_tls is immutable; a
 * node_door is shared by all threads of its pool, and has a lock.
 */
#ifndef PROXY_CLUSTER_NODE_TLS_H
#define PROXY_CLUSTER_NODE_TLS_H

#include "common/tls.h"
#include "config/backend_tls.h"

struct node_tls;
struct node_door;

/* Reads the files that `config` names; one that says no TLS is fine. NULL when something is wrong;
 * then *fault says what. */
struct node_tls *node_tls_new(const struct pool_config *config,
                              struct tls_option_fault *fault) MUST_USE;

/* NULL inside is fine. */
void node_tls_free(struct node_tls **tls);

/* The end of what the certificate that nodes are shown holds good for, in seconds since 1970; 0:
 * they are shown none. */
int64_t node_tls_expires(const struct node_tls *tls);

/* Connections are plain until another one is used. */
struct node_door *node_door_new(void) MUST_USE;
void node_door_free(struct node_door **door);

/* Any thread: new connections are made as `tls` says, which the door owns from here on. */
void node_door_use(struct node_door *door, struct node_tls *tls);

/* Any thread: our half of TLS on `fd`, which is connected to the node that `host` names; NULL when
 * it is to be plain. `memory` is of that node, and may be NULL; so may `door`. */
struct tls *node_door_open(struct node_door *door, int fd, const char *host,
                           struct tls_memory *memory) MUST_USE;

#endif
