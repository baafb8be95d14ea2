/* library_list.h - a node's FUNCTION LIST WITHCODE, library by library. Pure.
 *
 * Borrows the reply; what nodes say is checked. RESP2, where maps are arrays of names and values,
 * and RESP3.
 */
#ifndef PROXY_ROUTING_LIBRARY_LIST_H
#define PROXY_ROUTING_LIBRARY_LIST_H

#include "common/span.h"

struct library_list {
    struct span rest; /* behind the libraries that were taken */
    int64_t left;
};

struct library {
    struct span name;
    struct span code;
    struct span functions; /* an array, as the node told it */
};

/* Returns false when `reply` is no list. */
bool library_list_open(struct library_list *list, struct span reply) MUST_USE;

/* The next library. Returns false when there is none, or it makes no sense. */
bool library_list_next(struct library_list *list, struct library *library) MUST_USE;

/* Has it a function of this name? */
bool library_has(const struct library *library, struct span function);

#endif
