/* node_link_parts.h - the socket under a node_link: node_link.c talks, node_link_socket.c carries.
 * One thread.
 */
#ifndef PROXY_CLUSTER_NODE_LINK_PARTS_H
#define PROXY_CLUSTER_NODE_LINK_PARTS_H

#include "proxy/cluster/node_link.h"

/* Notes why, and says that it failed. */
enum node_link_result link_fail(struct node_link *link, const char *format, ...) PRINTF(2, 3);

/* Connects to ->endpoint, known by ->host, within the pool's connect timeout. */
enum node_link_result link_dial(struct node_link *link) MUST_USE;

/* Sends all of `queue`. */
enum node_link_result link_send(struct node_link *link, struct sendq *queue,
                                uint64_t deadline) MUST_USE;

/* Waits for more input, and adds what comes. */
enum node_link_result link_read(struct node_link *link, uint64_t deadline) MUST_USE;

#endif
