/* node_certificates.h - the files of TLS towards the nodes of a pool: read at the start, and again
 * when one of them changes or the configuration does.
 *
 *      files ── looked at every tls.watch ──> others ─> struct node_tls ─> node_door_use
 *                                               └ refused ─> all stays: renewal.h
 *
 * Control thread only.
 */
#ifndef PROXY_NODE_CERTIFICATES_H
#define PROXY_NODE_CERTIFICATES_H

#include "common/reactor.h"
#include "config/errors.h"
#include "proxy/cluster/node_tls.h"

struct node_certificates;

/* Files that were read, for a configuration to come. */
struct node_files {
    struct node_tls *tls; /* NULL: nothing was read */
    uint64_t looks;       /* from outside, before they were read */
};

/* Borrows all; what `config` says may change while nobody calls. Nothing is read yet. */
struct node_certificates *node_certificates_new(struct reactor *reactor,
                                                const struct pool_config *config,
                                                struct node_door *door) MUST_USE;

/* NULL inside is fine. */
void node_certificates_free(struct node_certificates **certificates);

/* Reads the files, and looks at them from now on. False, with the reason logged, when they cannot
 * be used. */
bool node_certificates_open(struct node_certificates *certificates) MUST_USE;

/* For a configuration to come: reads what `config` says into *files, or leaves a line in `errors`.
 */
bool node_certificates_read(const struct pool_config *config, struct node_files *files,
                            struct config_errors *errors) MUST_USE;

/* The configuration has changed: takes `files`, which were read for it, into use. What has changed
 * of them since is seen at the next look. */
void node_certificates_use(struct node_certificates *certificates, struct node_files *files);

/* The end of what the certificate in use holds good for, in seconds since 1970; 0: there is none.
 */
int64_t node_certificates_expires(const struct node_certificates *certificates);

/* The pool is gone: its files are looked at no more, until node_certificates_use. */
void node_certificates_rest(struct node_certificates *certificates);

#endif
