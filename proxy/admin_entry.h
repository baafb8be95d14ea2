/* admin_entry.h - the admin port's TLS and its token, as libmicrohttpd wants them. Control thread.
 */
#ifndef PROXY_ADMIN_ENTRY_H
#define PROXY_ADMIN_ENTRY_H

#include <microhttpd.h>

#include "config/admin_secrets.h"

enum { ADMIN_ENTRY_OPTIONS = 4 };

/* What a daemon that is to speak HTTPS, if it is, must be started with beside its other flags. */
unsigned admin_entry_flags(const struct admin_secrets *secrets);

/* Likewise its options, with the end of the list. */
void admin_entry_options(const struct admin_secrets *secrets,
                         struct MHD_OptionItem options[ADMIN_ENTRY_OPTIONS]);

/* Can a daemon be started with them? What OpenSSL takes, GnuTLS may not. */
bool admin_entry_is_good(const struct admin_secrets *secrets);

/* May the request be answered? Then *refusal is not touched; else that is what came of telling so.
 */
bool admin_entry_admits(const struct admin_secrets *secrets, struct MHD_Connection *connection,
                        const char *path, enum MHD_Result *refusal) MUST_USE;

#endif
