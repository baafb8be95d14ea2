/* console.h - what the admin page knows from one look to the next, and whom it asks.
 *
 *      /stats, /topology ──> inquiry to all workers ──> standing, with rates since one before
 *
 * Control thread only.
 */
#ifndef PROXY_CONSOLE_H
#define PROXY_CONSOLE_H

#include "proxy/history.h"
#include "proxy/pace.h"

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

/* Of all that were found for the page; lent. */
struct paces *console_paces(struct console *console);

#endif
