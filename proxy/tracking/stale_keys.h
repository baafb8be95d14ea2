/* stale_keys.h - what a node's push says is stale: >2 invalidate [a b c]. Worker's thread. */
#ifndef PROXY_TRACKING_STALE_KEYS_H
#define PROXY_TRACKING_STALE_KEYS_H

#include "common/span.h"

/* All point into the push. */
struct stale_keys {
    struct span *all;
    struct span *picked; /* room for as many */
    size_t count;        /* of `all` */
};

enum stale {
    STALE_NOTHING, /* the push tells of something else */
    STALE_ALL,     /* everything */
    STALE_KEYS,    /* those in `keys`: stale_keys_clear them */
};

/* Reads a whole push. */
enum stale stale_keys_read(struct stale_keys *keys, struct span push) MUST_USE;
void stale_keys_clear(struct stale_keys *keys);

/* Puts those that begin with `prefix` into `picked`, and returns how many they are. */
size_t stale_keys_pick(const struct stale_keys *keys, struct span prefix);

#endif
