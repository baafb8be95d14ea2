/* tls_options.h - a pool's options for TLS with its clients, put together: a TLS context of theirs.
 * Any thread; files are read.
 */
#ifndef CONFIG_TLS_OPTIONS_H
#define CONFIG_TLS_OPTIONS_H

#include "config/tls_side.h"

/* Do the words of tls.protocols, tls.client_certificates and tls.client_user mean something, and
 * together? */
bool tls_options_check(const struct pool_config *pool, struct tls_option_fault *fault) MUST_USE;

/* The context of tls.listen, from the files as they are now; the options must have been checked.
 * NULL when something is wrong: then *fault says what. */
struct tls_context *tls_options_context(const struct pool_config *pool,
                                        struct tls_option_fault *fault) MUST_USE;

/* Is a client logged in as the user that its certificate names? */
bool tls_options_log_in(const struct pool_config *pool);

/* "TLSv1.2 TLSv1.3" as bits of tls_context.h; 0 when a word is unknown, or there is none. */
unsigned tls_options_protocols(const char *text);

#endif
