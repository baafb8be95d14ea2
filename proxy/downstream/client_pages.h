/* client_pages.h - a worker's clients a page at a time, as they stand in the order of their ids.
 *
 *      open:  3  8  9 | 12  15  17 | 21 ...        `paged` is 9 when what is behind 9 was asked
 * for: ^paged                         the next page is looked for from there
 *
 * So that who reads many clients page by page does not make the worker walk over all that came in
 * earlier pages each time. Worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_CLIENT_PAGES_H
#define PROXY_DOWNSTREAM_CLIENT_PAGES_H

#include "proxy/downstream/clients.h"

/* The first open client whose id is greater than `after`; the list's anchor when there is none. */
struct list_link *client_pages_begin(struct clients *clients, uint64_t after);

/* One is about to leave the list. */
void client_pages_on_close(struct clients *clients, const struct list_link *link);

#endif
