/* prefixes.h - prefixes of keys of which a client caches all: CLIENT TRACKING ... BCAST.
 *
 * Of one client none may be the beginning of another, or a key would be told of twice. Only the
 * empty one, which all keys begin with, stands beside others where it was meant by saying none.
 * Pure.
 */
#ifndef PROXY_DOWNSTREAM_PREFIXES_H
#define PROXY_DOWNSTREAM_PREFIXES_H

#include "common/span.h"

enum {
    PREFIXES_MAX = 4096, /* of one client: each is compared with every key that changes */
    PREFIXES_BYTES_MAX = 1024 * 1024, /* likewise: what all of them take */
};

/* What one of them takes, about. */
static inline size_t prefix_bytes(struct span prefix)
{
    return prefix.size + 2 * sizeof prefix;
}

/* For qsort and bsearch of spans: in the order of their bytes. */
int prefix_compare(const void *a, const void *b);

struct overlap {
    struct span prefix; /* the first of those that were said, which overlaps with */
    struct span other;  /* this one */
    bool is_kept;       /* which was there before, or else was said as well */
};

/* Does any of `said` overlap with one of `kept`, which are in order, or with another of `said`?
 * Sets *overlap to what a server would tell of. */
bool prefixes_overlap(const struct span *kept, size_t kept_count, const struct span *said,
                      size_t said_count, struct overlap *overlap) MUST_USE;

#endif
