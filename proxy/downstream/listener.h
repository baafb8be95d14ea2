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

/* Listens on all addresses of house->pool. NULL, with the reason logged, when one cannot be. */
struct listener *listener_open(struct reactor *reactor, struct house *house) MUST_USE;

/* For another configuration, in steps as listening.h has them, so that of several listeners either
 * all change or none does. listener_commit comes when house->pool is what `next` was. */
void listener_plan(struct listener *listener, const struct pool_config *next);
bool listener_prepare(struct listener *listener, const struct pool_config *next,
                      struct config_errors *errors) MUST_USE;
void listener_commit(struct listener *listener);
void listener_undo(struct listener *listener);

/* Accepts no more. Takes the pointer. */
void listener_close(struct listener **listener);

#endif
