/* certificates.h - the TLS context of a pool's listener: made at the start, and anew when one of
 * its files changes.
 *
 *      files ── looked at every tls.watch ──> others ─> new context ─> listener_use_tls
 *                                               └ refused ─> the old one stays: renewal.h
 *
 * Control thread only.
 */
#ifndef PROXY_CERTIFICATES_H
#define PROXY_CERTIFICATES_H

#include "config/config.h"
#include "proxy/downstream/listener.h"

struct certificates;

/* NULL, with the reason logged, when the files of `pool` cannot be used. Borrows `pool`, of which
 * it always takes what is said now. */
struct certificates *certificates_new(struct reactor *reactor,
                                      const struct pool_config *pool) MUST_USE;

/* Takes the pointer, which may be NULL. */
void certificates_free(struct certificates **certificates);

/* What is in use; NULL where the pool has no tls.listen. Lent. */
struct tls_context *certificates_context(const struct certificates *certificates);

/* Whom new contexts are given to from now on; NULL: nobody. */
void certificates_serve(struct certificates *certificates, struct listener *listener);

/* For another configuration, in steps as listener.h has them: reads the files that `next` names;
 * false, with a line in the log and in `errors`, when they cannot be used. Commit gives the new
 * context to the listener, and comes before listener_commit, when the pool is what `next` was;
 * after undo all is as before. */
bool certificates_prepare(struct certificates *certificates, const struct pool_config *next,
                          struct config_errors *errors) MUST_USE;
void certificates_commit(struct certificates *certificates);
void certificates_undo(struct certificates *certificates);

#endif
