/* server_admin.h - the admin port of the process: opened at the start, with what is in the files of
 * its certificate and its token, and anew with what is in there later.
 *
 *      reload ──────────────────┐
 *      look, every admin.watch ─┴─> files ─> admin_use_secrets
 *
 * Control thread.
 */
#ifndef PROXY_SERVER_ADMIN_H
#define PROXY_SERVER_ADMIN_H

#include "proxy/reload_parts.h"
#include "proxy/server.h"

/* Opens it where the configuration wants one; false, with the reason logged, when it cannot. */
bool server_admin_open(struct server *server) MUST_USE;

/* Also when it was not opened. */
void server_admin_close(struct server *server);

/* The part of a reload: reload_parts.h. */
bool server_admin_prepare(struct reload *reload, void **made) MUST_USE;
void server_admin_commit(struct reload *reload, void **made);
void server_admin_undo(struct reload *reload, void **made);

#endif
