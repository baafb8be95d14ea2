/* proxy_header.h - the header of the PROXY protocol, by which a load balancer tells from whom a
 * connection is that it passes on. Both versions:
 *
 *      v1   PROXY TCP4 198.51.100.22 203.0.113.7 35646 6379\r\n
 *      v2   12 bytes that no text has │ version, command │ family │ length │ addresses │ TLVs
 *
 * Taken piece by piece as it comes, and never a byte of what is behind it: proxy_header_room says
 * how many bytes can be read next without that. Nothing is kept but what both addresses are written
 * with; TLVs are read over, whatever they are. Pure; one thread.
 */
#ifndef COMMON_PROXY_HEADER_H
#define COMMON_PROXY_HEADER_H

#include "common/address.h"

enum proxy_header_result {
    PROXY_HEADER_MORE, /* the rest is still to come */
    PROXY_HEADER_DONE, /* `source` and `destination` are what it says */
    PROXY_HEADER_BAD,  /* it is none: `problem` says why */
};

enum { PROXY_HEADER_KEPT = 107 }; /* the longest line of v1; v2 needs 52 */

struct proxy_header {
    unsigned char kept[PROXY_HEADER_KEPT];
    size_t size;                 /* of what is kept */
    size_t skip;                 /* v2: bytes behind the addresses that are still to come */
    bool is_skipping;            /* v2: all that is to be kept is there */
    bool has_addresses;          /* else it is about the balancer's own connection */
    struct endpoint source;      /* the client */
    struct endpoint destination; /* what it connected to, at the balancer */
    const char *problem;         /* BAD */
};

/* How many bytes may be read next; at least one. Not once it is DONE or BAD. */
size_t proxy_header_room(const struct proxy_header *header);

/* Takes the next bytes, no more than there was room for. */
enum proxy_header_result proxy_header_take(struct proxy_header *header, struct span bytes) MUST_USE;

/* Has anything come? */
static inline bool proxy_header_has_begun(const struct proxy_header *header)
{
    return header->size > 0;
}

#endif
