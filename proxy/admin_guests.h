/* admin_guests.h - who is connected to the admin port, so that strangers keep nobody out. For
 * admin_daemon.c.
 *
 *      comes ──> owes a request ──> is owed an answer ──> owes the next one, or is gone
 *                     └─ for too long: shown out
 *
 * When there are too many, who has got no further for the longest is shown out: a probe is through
 * in a moment, and who sends a byte now and then is not. All addresses count alike, as that of a
 * load balancer, or of a machine's own loopback, may be everybody's.
 */
#ifndef PROXY_ADMIN_GUESTS_H
#define PROXY_ADMIN_GUESTS_H

#include <microhttpd.h>

#include "common/list.h"
#include "common/reactor.h"

enum { ADMIN_GUESTS_MAX = 64 };

struct admin_guests {
    struct list list; /* who has got no further for the longest comes first */
    size_t count;
    struct reactor *reactor;
    uint64_t request_us;
    struct reactor_timer timer; /* the next who owes a request for too long */
};

/* A request line and its headers, and a handshake before the first, may take `request_us`. */
void admin_guests_init(struct admin_guests *guests, struct reactor *reactor, uint64_t request_us);

/* When all are gone. */
void admin_guests_clear(struct admin_guests *guests);

/* For MHD_OPTION_NOTIFY_CONNECTION, with the admin_guests. */
void admin_guests_on_connection(void *guests, struct MHD_Connection *connection, void **context,
                                enum MHD_ConnectionNotificationCode what);

/* Its request is there: it is to have its answer, however long that takes. */
void admin_guests_on_request(struct admin_guests *guests, struct MHD_Connection *connection);

/* It has its answer, and may ask again. */
void admin_guests_on_end(struct admin_guests *guests, struct MHD_Connection *connection);

#endif
