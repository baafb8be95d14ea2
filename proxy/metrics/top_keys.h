/* top_keys.h - the keys that are asked for most, in bounded memory: space-saving.
 *
 *      a key that is among them      its count grows
 *      another, and there is room    it is one more
 *      another, and there is none    takes the place of the least, with its count as its error
 *
 * So a count is never too low, and too high by its error at most; and each key that has more than
 * its TOP_KEYS-th part of all weight is there. Keys are known by a hash of 64 bits; their bytes
 * are kept for who may see them, and only then. No lock: its owner has one. Zero-initialise.
 */
#ifndef PROXY_METRICS_TOP_KEYS_H
#define PROXY_METRICS_TOP_KEYS_H

#include "common/span.h"

enum {
    TOP_KEYS = 128,
    KEY_SHOWN = 64, /* bytes of a key that are kept at most */
};

/* What is kept of a key's bytes. */
struct key_text {
    uint32_t size; /* of the whole key; 0: nothing is kept of it */
    char bytes[KEY_SHOWN];
};

/* One time a key was asked for. */
struct key_use {
    uint64_t hash;
    struct span key; /* empty: its bytes are not to be kept */
    uint64_t weight;
    uint16_t slot;
    bool is_write;
};

struct top_key {
    uint64_t count;
    uint64_t error; /* so much of it may be others' */
    uint64_t writes;
    uint16_t slot;
    struct key_text text;
};

struct top_keys {
    size_t count;
    uint32_t tags[TOP_KEYS];  /* of the hashes: these and counts are looked through with each key */
    int32_t counts[TOP_KEYS]; /* of the keys, or the most that there is place for */
    uint64_t hashes[TOP_KEYS];
    struct top_key keys[TOP_KEYS]; /* in the order of the hashes */
};

/* Counts it. */
void top_keys_note(struct top_keys *keys, const struct key_use *use);

/* Keeps as much of `key` as there is room for. */
void key_text_set(struct key_text *text, struct span key);

/* The bytes to be shown: those that are kept, without part of a character where the key is longer
 * and UTF-8 up to there. */
struct span key_text_shown(const struct key_text *text);

struct ranked_key {
    uint64_t hash;
    struct top_key key;
};

/* Those of several together, the most asked for first, at most `most` of them: `*count`. What one
 * of them had no room for is missing in the sum. The caller frees them. */
struct ranked_key *top_keys_rank(const struct top_keys *const *all, size_t all_count, size_t most,
                                 size_t *count);

#endif
