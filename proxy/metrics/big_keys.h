/* big_keys.h - the keys whose requests or replies were the largest, in bounded memory.
 *
 * A key stays for BIG_KEYS_STAY_US after its last large request or reply, unless larger ones take
 * its place. No lock: its owner has one. Zero-initialise.
 */
#ifndef PROXY_METRICS_BIG_KEYS_H
#define PROXY_METRICS_BIG_KEYS_H

#include "proxy/metrics/top_keys.h"

enum {
    BIG_KEYS = 64,
    BIG_KEYS_LEAST = 1024, /* bytes; what is smaller is not big */
};

#define BIG_KEYS_STAY_US ((uint64_t)3600 * US_PER_SECOND)

/* A request for a key, on its client's wire. */
struct big_use {
    uint64_t now;
    uint64_t hash;
    struct span key; /* empty: its bytes are not to be kept */
    uint64_t request_bytes;
    uint64_t reply_bytes;
    const char *command; /* its name, which is there for ever */
    uint16_t slot;
};

struct big_key {
    uint64_t hash;
    uint64_t bytes; /* of its largest request or reply */
    bool is_reply;  /* it was a reply */
    const char *command;
    uint64_t seen_at;
    uint16_t slot;
    struct key_text text;
};

struct big_keys {
    size_t count;
    uint64_t least; /* what is not larger changes nothing; 0 while there is room */
    struct big_key keys[BIG_KEYS];
};

/* Takes a place, or keeps the one that it has, if there is any for it. */
void big_keys_note(struct big_keys *keys, const struct big_use *use);

/* Lets go of those that were not seen for long. */
void big_keys_tidy(struct big_keys *keys, uint64_t now);

/* Those of several that were seen lately, the largest first, at most `most` of them: `*count`. The
 * caller frees them. */
struct big_key *big_keys_rank(const struct big_keys *const *all, size_t all_count, uint64_t now,
                              size_t most, size_t *count);

#endif
