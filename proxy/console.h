/* console.h - what the admin page knows from one look to the next, and whom it asks.
 *
 *      /stats, /topology ──> console_look ──> inquiry to all workers ──> standing, with rates since
 *                                                                       the one before
 *
 * Control thread only.
 */
#ifndef PROXY_CONSOLE_H
#define PROXY_CONSOLE_H

#include "proxy/history.h"
#include "proxy/standing.h"

struct server;
struct console;

/* Before the workers start. Borrows the server, whose workers, pools and mailbox are there. */
struct console *console_new(struct server *server) MUST_USE;

/* Pool `pool` has come, the next one. */
void console_add_pool(struct console *console, const struct server *server, size_t pool);

/* When no worker runs any more and the admin page is gone. */
void console_free(struct console **console);

/* Where to ask all workers. */
const struct inquiry_site *console_site(const struct console *console);

/* Of all pools; lent. */
const struct history *console_history(const struct console *console);

/* Takes what was found just now; the one before is kept for its rates. Returns it, lent until the
 * next. */
const struct standing *console_keep(struct console *console, struct standing *standing);

/* How a node has done from one standing to the next. */
struct node_pace {
    bool is_known;     /* there is something to compare it with */
    double requests;   /* per second */
    bool is_timed;     /* some of them were timed: */
    double latency_us; /* their mean time with the node */
};

/* Of that node of the last standing. */
struct node_pace console_pace(const struct console *console, size_t pool, size_t node);

#endif
