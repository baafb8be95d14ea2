/* admin_daemon.h - one libmicrohttpd daemon in the reactor of the control thread, which calls all
 * of this. For admin.c.
 *
 *      admin ── daemon       certificate and token of today; accepts
 *          └─── daemon ...   of yesterday: they answer who is there, then they are gone
 *
 * libmicrohttpd takes a certificate at its start only, so for another one there is another daemon,
 * on the same socket. It works without a thread of its own: its epoll descriptor is one more in the
 * reactor.
 */
#ifndef PROXY_ADMIN_DAEMON_H
#define PROXY_ADMIN_DAEMON_H

#include <microhttpd.h>

#include "common/list.h"
#include "common/reactor.h"
#include "config/admin_secrets.h"
#include "proxy/admin_guests.h"

struct admin_daemon;

/* What it does with requests. */
struct admin_daemon_work {
    MHD_AccessHandlerCallback on_request; /* it and on_end get the admin_daemon */
    MHD_RequestCompletedCallback on_end;
    /* Nobody is there any more, or it took too long: is to free it. */
    void (*on_left)(struct admin_daemon *daemon);
    void *context;
    uint64_t request_us; /* how long a request may take to come */
};

struct admin_daemon {
    struct list_link in_leaving; /* admin.c's */
    struct admin_secrets secrets;
    const struct admin_daemon_work *work;
    struct reactor *reactor;
    struct MHD_Daemon *mhd;
    struct admin_guests guests; /* on_request and on_end tell them */
    ev_io readable;
    struct reactor_timer timer;
    struct reactor_timer patience; /* once it has left */
    bool has_left;                 /* it accepts no more */
};

/* Accepts on `listener`, which stays the caller's, from the reactor's next turn on. Takes what is
 * in `secrets`. Borrows `work`. NULL when libmicrohttpd cannot start; then `secrets` are cleared.
 */
struct admin_daemon *admin_daemon_new(struct reactor *reactor, int listener,
                                      struct admin_secrets *secrets,
                                      const struct admin_daemon_work *work) MUST_USE;

/* Closes all connections that are not suspended; none may be. Takes the pointer, which may be NULL.
 * Not from within the daemon's own work. */
void admin_daemon_free(struct admin_daemon **daemon);

/* Accepts nobody from now on, answers who is there, and says in a later turn that they are gone, or
 * 10 seconds later that they are not. Also from within its own work. */
void admin_daemon_leave(struct admin_daemon *daemon);

/* There is something to do that no descriptor tells: a connection was resumed. */
void admin_daemon_wake(struct admin_daemon *daemon);

#endif
