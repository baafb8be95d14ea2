/* tls_rig.h - a rig whose clients may come over TLS, with certificates that are made for it.
 *
 * A suite names tls_rig_set_up and tls_rig_clean_up as its .init and .fini. One rig per test.
 */
#ifndef TESTS_SUPPORT_TLS_RIG_H
#define TESTS_SUPPORT_TLS_RIG_H

#include "common/tls.h"
#include "tests/support/pki.h"
#include "tests/support/rig.h"

/* The usual ones; slotway shows "server", and its authority is "ca". */
extern struct pki *tls_rig_pki;

/* What is left behind goes with the test. */
void tls_rig_set_up(void);
void tls_rig_clean_up(void);

/* Of clients that trust "ca" and show the certificate of that name; NULL: none. Gone with the next
 * one, or with the test. */
struct tls_context *tls_rig_context(const char *identity);

/* Likewise with another authority and some versions only. */
struct tls_context *tls_rig_context_with(const char *identity, const char *authority,
                                         unsigned protocols);

/* slotway in front of a small cluster of fake nodes, or as `options` say; `more` of its mapping
 * tls, as "client_certificates: required". */
struct rig *tls_rig_start(const char *more);
struct rig *tls_rig_start_with(struct rig_options options, const char *more);

#endif
