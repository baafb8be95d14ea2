/* listener.h - accepts the clients of one pool and hands each to the worker with the fewest.
 *
 *      listening sockets ─ accept ─> too many? told so and closed
 *                             └────> emptiest worker's mailbox ─> client_open there, or
 *                                                                 arrival_open, from a balancer
 *
 * One thread accepts for all: measured, sockets shared by SO_REUSEPORT split 50 long-lived clients
 * as badly as 62:38 over two workers. Control thread only.
 */
#ifndef PROXY_DOWNSTREAM_LISTENER_H
#define PROXY_DOWNSTREAM_LISTENER_H

#include "config/errors.h"
#include "proxy/downstream/clients.h"

struct listener;
struct tls_context;

/* Has all addresses of house->pool, with and without TLS; nobody can come to them before
 * listener_listen. NULL, with the reason logged, when one cannot be had. Takes a reference of
 * `tls`, which may be NULL where the pool has no tls.listen. */
struct listener *listener_open(struct reactor *reactor, struct house *house,
                               struct tls_context *tls) MUST_USE;

/* Who is accepted on tls.listen from now on speaks TLS with what `tls` says; those who are there go
 * on with what they have. Takes a reference. */
void listener_use_tls(struct listener *listener, struct tls_context *tls);

/* Accepts clients from now on. */
void listener_start(struct listener *listener);

/* One of its sockets, lent. */
struct listener_socket {
    int fd;
    bool is_lent; /* its file is systemd's */
    const struct address *address;
};

/* The one with that number, from 0; false when there are no more. */
bool listener_socket_at(const struct listener *listener, size_t number,
                        struct listener_socket *found) MUST_USE;

/* The file of the unix socket at `address`, if there is one, stays when it is closed: somebody else
 * listens there. */
void listener_spare_file(struct listener *listener, const struct address *address);

/* For another configuration, in steps as listening.h has them, so that of several listeners either
 * all change or none does. listener_commit comes when house->pool is what `next` was. */
void listener_plan(struct listener *listener, const struct pool_config *next);
bool listener_bind(struct listener *listener, const struct pool_config *next,
                   struct config_errors *errors) MUST_USE;
bool listener_listen(struct listener *listener, const struct pool_config *next,
                     struct config_errors *errors) MUST_USE;
void listener_commit(struct listener *listener);
void listener_undo(struct listener *listener);

/* Accepts no more. Takes the pointer. */
void listener_close(struct listener **listener);

#endif
