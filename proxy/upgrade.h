/* upgrade.h - one slotway takes the place of another without a client noticing: both sides.
 *
 *      old: handover.h  ── listening sockets ──>  new: takeover.h
 *           drains      <──     "ready"      ──        accepts
 *
 * docs/upgrade.md says how it goes and why. For server.c; without upgrade.socket all of this does
 * nothing. Control thread only.
 */
#ifndef PROXY_UPGRADE_H
#define PROXY_UPGRADE_H

#include "proxy/handover.h"
#include "proxy/successor.h"
#include "proxy/takeover.h"

struct server;

struct upgrade {
    struct server *server;
    struct takeover *takeover; /* NULL: we start as usual, or it is over */
    struct turn_task over;     /* frees it */
    struct handover *handover; /* NULL: nobody is waited for */
    struct successor successor;
    bool is_admin_taken; /* a successor answers at the admin address */
    struct reactor_timer linger;
    unsigned lingered; /* looks */
    pid_t untold;      /* the successor, as long as the service manager does not know; 0: it does */
    struct reactor_timer tell;
    unsigned told; /* in vain */
};

/* As soon as there is a reactor. */
void upgrade_init(struct upgrade *upgrade, struct server *server);

/* Before anything is listened at. False, with the reason logged: do not start. */
bool upgrade_begin(struct upgrade *upgrade) MUST_USE;

/* Is there an old one, so that clients are not to be accepted before we know the cluster? */
bool upgrade_is_taking_over(const struct upgrade *upgrade);

/* Then: opens when that is so. Else nothing. */
void upgrade_go_on(struct upgrade *upgrade);

/* Clients are accepted: from now on a successor may come. */
void upgrade_open(struct upgrade *upgrade);

/* SIGUSR2: starts one. */
void upgrade_start_successor(struct upgrade *upgrade);

/* A successor is waited for no more. One that is under way goes on without us. */
void upgrade_stop(struct upgrade *upgrade);

/* All clients are gone, or are not waited for: ends the process's loop. Those who ask at the admin
 * address, which a successor has now, get their answer first, and the service manager hears of the
 * successor, or it would end that with us; if that is soon. */
void upgrade_end(struct upgrade *upgrade);

void upgrade_clear(struct upgrade *upgrade);

#endif
