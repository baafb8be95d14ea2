/* server_doors.h - what new connections to the nodes of each pool go through: plain, or TLS with
 * the files of this moment. Control thread only.
 */
#ifndef PROXY_SERVER_DOORS_H
#define PROXY_SERVER_DOORS_H

#include "proxy/reload_parts.h"

/* At the start, before any node is asked anything. False when a file cannot be used; the log says
 * which. */
bool server_doors_open(struct server *server) MUST_USE;

/* A part of a reload: reload_parts.h. */
bool server_doors_prepare(struct reload *reload, void **made);
void server_doors_commit(struct reload *reload, void **made);
void server_doors_undo(struct reload *reload, void **made);

#endif
