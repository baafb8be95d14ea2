#include "proxy/metrics/top_keys.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/utf8.h"

void key_text_set(struct key_text *text, struct span key)
{
    text->size = (uint32_t)size_min(key.size, UINT32_MAX);
    if (key.size > 0) {
        memcpy(text->bytes, key.at, size_min(key.size, KEY_SHOWN));
    }
}

struct span key_text_shown(const struct key_text *text)
{
    if (text->size <= KEY_SHOWN) {
        return (struct span){text->bytes, text->size};
    }
    return utf8_whole((struct span){text->bytes, KEY_SHOWN});
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)hash;
}

/* No early end: so compilers look at several at once. */
static bool has_tag(const struct top_keys *keys, uint32_t tag)
{
    uint32_t found = 0;

    for (size_t i = 0; i < TOP_KEYS; i++) {
        found |= keys->tags[i] == tag;
    }
    return found != 0;
}

/* The place of `hash`; TOP_KEYS when it has none. */
static size_t find(const struct top_keys *keys, uint64_t hash)
{
    if (!has_tag(keys, tag_of(hash))) {
        return TOP_KEYS;
    }
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->hashes[i] == hash) {
            return i;
        }
    }
    return TOP_KEYS;
}

/* All places are taken. The same here. */
static size_t find_least(const struct top_keys *keys)
{
    int32_t least = INT32_MAX;
    size_t at = 0;

    for (size_t i = 0; i < TOP_KEYS; i++) {
        least = keys->counts[i] < least ? keys->counts[i] : least;
    }
    while (keys->counts[at] != least) {
        at++;
    }
    return at;
}

/* A place for a key that has none. */
static size_t place(struct top_keys *keys, const struct key_use *use)
{
    bool is_full = keys->count == TOP_KEYS;
    size_t at = is_full ? find_least(keys) : keys->count++;
    uint64_t before = is_full ? keys->keys[at].count : 0;

    keys->hashes[at] = use->hash;
    keys->tags[at] = tag_of(use->hash);
    keys->keys[at] = (struct top_key){.count = before, .error = before, .slot = use->slot};
    return at;
}

void top_keys_note(struct top_keys *keys, const struct key_use *use)
{
    size_t found = find(keys, use->hash);
    size_t at = found < TOP_KEYS ? found : place(keys, use);
    struct top_key *key = &keys->keys[at];

    key->count += use->weight;
    keys->counts[at] = key->count < INT32_MAX ? (int32_t)key->count : INT32_MAX;
    key->writes += use->is_write ? use->weight : 0;
    if (key->text.size == 0) {
        key_text_set(&key->text, use->key);
    }
}

static int compare_hashes(const void *a, const void *b)
{
    const struct ranked_key *one = a;
    const struct ranked_key *other = b;

    return one->hash < other->hash ? -1 : one->hash > other->hash;
}

static int compare_counts(const void *a, const void *b)
{
    const struct ranked_key *one = a;
    const struct ranked_key *other = b;

    if (one->key.count != other->key.count) {
        return one->key.count > other->key.count ? -1 : 1;
    }
    return compare_hashes(a, b);
}

static void add(struct top_key *to, const struct top_key *from)
{
    to->count += from->count;
    to->error += from->error;
    to->writes += from->writes;
    if (to->text.size == 0) {
        to->text = from->text;
    }
}

/* Those of one hash, which are neighbours, become one. Returns how many are left. */
static size_t merge(struct ranked_key *ranked, size_t count)
{
    size_t kept = 0;

    for (size_t i = 1; i < count; i++) {
        if (ranked[kept].hash == ranked[i].hash) {
            add(&ranked[kept].key, &ranked[i].key);
        } else {
            ranked[++kept] = ranked[i];
        }
    }
    return count == 0 ? 0 : kept + 1;
}

struct ranked_key *top_keys_rank(const struct top_keys *const *all, size_t all_count, size_t most,
                                 size_t *count)
{
    struct ranked_key *ranked = memory_new(all_count * TOP_KEYS + 1, sizeof *ranked);
    size_t found = 0;

    for (size_t i = 0; i < all_count; i++) {
        for (size_t j = 0; j < all[i]->count; j++) {
            ranked[found++] = (struct ranked_key){all[i]->hashes[j], all[i]->keys[j]};
        }
    }
    qsort(ranked, found, sizeof *ranked, compare_hashes);
    found = merge(ranked, found);
    qsort(ranked, found, sizeof *ranked, compare_counts);
    *count = size_min(found, most);
    return ranked;
}
