/* sha1.h - SHA-1, by which Redis names scripts: it tells them apart, and guards nothing. Pure. */
#ifndef COMMON_SHA1_H
#define COMMON_SHA1_H

#include "common/span.h"

enum { SHA1_BYTES = 20, SHA1_DIGITS = 40 };

struct sha1 {
    unsigned char bytes[SHA1_BYTES];
};

/* The digest of `bytes`. */
struct sha1 sha1_of(struct span bytes);

/* Reads forty hexadecimal digits of either case. Returns false for anything else. */
bool sha1_read(struct span digits, struct sha1 *sha1) MUST_USE;

static inline bool sha1_equal(const struct sha1 *a, const struct sha1 *b)
{
    return memcmp(a->bytes, b->bytes, SHA1_BYTES) == 0;
}

/* A number that is as good as any hash of it. */
static inline uint32_t sha1_hash(const struct sha1 *sha1)
{
    uint32_t hash;

    memcpy(&hash, sha1->bytes, sizeof hash);
    return hash;
}

#endif
