#include "proxy/metrics/big_keys.h"

#include <stdlib.h>

#include "common/memory.h"

static bool is_over(const struct big_key *key, uint64_t now)
{
    return key->seen_at + BIG_KEYS_STAY_US < now;
}

static struct big_key *find(struct big_keys *keys, uint64_t hash)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].hash == hash) {
            return &keys->keys[i];
        }
    }
    return NULL;
}

static size_t find_least(const struct big_keys *keys)
{
    size_t least = 0;

    for (size_t i = 1; i < keys->count; i++) {
        if (keys->keys[i].bytes < keys->keys[least].bytes) {
            least = i;
        }
    }
    return least;
}

static void note_least(struct big_keys *keys)
{
    keys->least = keys->count < BIG_KEYS ? 0 : keys->keys[find_least(keys)].bytes;
}

void big_keys_tidy(struct big_keys *keys, uint64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++) {
        if (!is_over(&keys->keys[i], now)) {
            keys->keys[kept++] = keys->keys[i];
        }
    }
    keys->count = kept;
    note_least(keys);
}

/* A place for a key that has none; NULL when all have larger ones. */
static struct big_key *place(struct big_keys *keys, uint64_t bytes, uint64_t now)
{
    if (keys->count == BIG_KEYS) {
        big_keys_tidy(keys, now);
    }
    if (keys->count < BIG_KEYS) {
        return &keys->keys[keys->count++];
    }

    struct big_key *least = &keys->keys[find_least(keys)];

    return least->bytes < bytes ? least : NULL;
}

void big_keys_note(struct big_keys *keys, const struct big_use *use)
{
    bool is_reply = use->reply_bytes > use->request_bytes;
    uint64_t bytes = is_reply ? use->reply_bytes : use->request_bytes;
    struct big_key *key = find(keys, use->hash);

    if (key == NULL) {
        key = place(keys, bytes, use->now);
        if (key == NULL) {
            return;
        }
        *key = (struct big_key){.hash = use->hash, .slot = use->slot};
    }
    key->seen_at = use->now;
    if (bytes > key->bytes) {
        key->bytes = bytes;
        key->is_reply = is_reply;
        key->command = use->command;
    }
    key_text_set(&key->text, use->key);
    note_least(keys);
}

static int compare_hashes(const void *a, const void *b)
{
    const struct big_key *one = a;
    const struct big_key *other = b;

    return one->hash < other->hash ? -1 : one->hash > other->hash;
}

static int compare_bytes(const void *a, const void *b)
{
    const struct big_key *one = a;
    const struct big_key *other = b;

    if (one->bytes != other->bytes) {
        return one->bytes > other->bytes ? -1 : 1;
    }
    return compare_hashes(a, b);
}

static void merge_into(struct big_key *to, const struct big_key *from)
{
    uint64_t seen_at = to->seen_at > from->seen_at ? to->seen_at : from->seen_at;

    if (from->bytes > to->bytes) {
        *to = *from;
    }
    to->seen_at = seen_at;
}

/* Those of one hash, which are neighbours, become one. Returns how many are left. */
static size_t merge(struct big_key *keys, size_t count)
{
    size_t kept = 0;

    for (size_t i = 1; i < count; i++) {
        if (keys[kept].hash == keys[i].hash) {
            merge_into(&keys[kept], &keys[i]);
        } else {
            keys[++kept] = keys[i];
        }
    }
    return count == 0 ? 0 : kept + 1;
}

struct big_key *big_keys_rank(const struct big_keys *const *all, size_t all_count, uint64_t now,
                              size_t most, size_t *count)
{
    struct big_key *keys = memory_new(all_count * BIG_KEYS + 1, sizeof *keys);
    size_t found = 0;

    for (size_t i = 0; i < all_count; i++) {
        for (size_t j = 0; j < all[i]->count; j++) {
            if (!is_over(&all[i]->keys[j], now)) {
                keys[found++] = all[i]->keys[j];
            }
        }
    }
    qsort(keys, found, sizeof *keys, compare_hashes);
    found = merge(keys, found);
    qsort(keys, found, sizeof *keys, compare_bytes);
    *count = size_min(found, most);
    return keys;
}
