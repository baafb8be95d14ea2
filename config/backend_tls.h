/* backend_tls.h - a pool's options for TLS with its nodes, put together: a TLS context towards
 * them. Any thread; files are read.
 */
#ifndef CONFIG_BACKEND_TLS_H
#define CONFIG_BACKEND_TLS_H

#include "config/tls_options.h"

enum backend_verify {
    BACKEND_VERIFY_FULL, /* by an authority that is trusted, and for the host that is meant */
    BACKEND_VERIFY_CA,   /* by such an authority */
    BACKEND_VERIFY_NONE,
};

/* Do the options mean something, and together? */
bool backend_tls_check(const struct pool_config *pool, struct tls_option_fault *fault) MUST_USE;

/* The context towards the nodes, from the files as they are now; the options must have been
 * checked. NULL when something is wrong: then *fault says what. */
struct tls_context *backend_tls_context(const struct pool_config *pool,
                                        struct tls_option_fault *fault) MUST_USE;

/* What is verified; the options must have been checked. */
enum backend_verify backend_tls_verify(const struct pool_config *pool);

#endif
