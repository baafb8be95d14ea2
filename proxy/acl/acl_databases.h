/* acl_databases.h - which of a server's numbered databases a selector is for, as Valkey has it
 * since 9.1: "alldbs", "resetdbs", "db=0,1". Clients of slotway are in database 0 and stay there,
 * so a selector without it allows nothing.
 */
#ifndef PROXY_ACL_ACL_DATABASES_H
#define PROXY_ACL_ACL_DATABASES_H

#include "common/resp_scan.h"
#include "common/sendq.h"
#include "proxy/acl/acl_selector.h"

/* "0,1", which takes the place of what was said before; wrong ones change nothing. */
enum acl_problem acl_databases_set(struct acl_databases *databases, struct span list) MUST_USE;

/* All of them, or none. */
void acl_databases_set_all(struct acl_databases *databases, bool all);

/* Does the command keep to them? Some name a database, and some concern all of them. */
bool acl_databases_allow(const struct acl_databases *databases, const struct command *command,
                         const struct arguments *arguments);

bool acl_databases_equal(const struct acl_databases *a, const struct acl_databases *b);

/* Appends "db=0,1"; nothing for all and for none. */
void acl_databases_write(struct sendq *to, const struct acl_databases *databases);

#endif
