#include "proxy/tracking/interests.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "proxy/tracking/tracker.h"

struct interest_key {
    struct table_link in_keys;
    struct list interests; /* never empty */
};

enum { KEY_BYTES = INTEREST_OVERHEAD + (int)sizeof(struct interest_key) };

/* All clients may cache the same key, and where they lie differs in the upper bits only: these have
 * to show in the lower ones, by which tables go. */
static uint64_t pair_hash(const struct tracked *tracked, uint64_t hash)
{
    uint64_t mixed = (uint64_t)(uintptr_t)tracked * 0x9e3779b97f4a7c15u;

    return hash ^ mixed ^ mixed >> 32;
}

static struct interest_key *key_find(const struct interests *interests, uint64_t hash)
{
    struct table_link *link = table_first(&interests->keys, hash);

    return link == NULL ? NULL : container_of(link, struct interest_key, in_keys);
}

static struct interest_key *key_new(struct interests *interests, uint64_t hash)
{
    struct interest_key *key = memory_new(1, sizeof *key);

    list_init(&key->interests);
    table_add(&interests->keys, &key->in_keys, hash);
    block_charge(interests->account, KEY_BYTES);
    return key;
}

static void key_remove_if_unused(struct interests *interests, struct interest_key *key)
{
    if (list_is_empty(&key->interests)) {
        table_remove(&interests->keys, &key->in_keys);
        block_discharge(interests->account, KEY_BYTES);
        free(key);
    }
}

/* Two pairs of a client and a key may have one hash, but not with the same client. */
struct interest *interests_find(const struct interests *interests, const struct tracked *tracked,
                                uint64_t hash)
{
    struct table_link *link = table_first(&interests->pairs, pair_hash(tracked, hash));

    while (link != NULL && container_of(link, struct interest, in_pairs)->tracked != tracked) {
        link = table_next(link);
    }
    return link == NULL ? NULL : container_of(link, struct interest, in_pairs);
}

struct interest *interests_first(const struct interests *interests, uint64_t hash)
{
    const struct interest_key *key = key_find(interests, hash);

    return key == NULL ? NULL : container_of(list_first(&key->interests), struct interest, in_key);
}

void interests_add(struct interests *interests, struct tracked *tracked, uint64_t hash)
{
    struct interest *interest = memory_new(1, sizeof *interest);
    struct interest_key *key = key_find(interests, hash);

    interest->key = key == NULL ? key_new(interests, hash) : key;
    interest->tracked = tracked;
    table_add(&interests->pairs, &interest->in_pairs, pair_hash(tracked, hash));
    list_append(&interest->key->interests, &interest->in_key);
    list_append(&tracked->interests, &interest->in_tracked);
    tracked->interest_count++;
    block_charge(interests->account, INTEREST_BYTES);
}

void interests_end(struct interests *interests, struct interest **interest)
{
    struct interest *gone = *interest;

    *interest = NULL;
    table_remove(&interests->pairs, &gone->in_pairs);
    list_remove(&gone->in_key);
    list_remove(&gone->in_tracked);
    key_remove_if_unused(interests, gone->key);
    gone->tracked->interest_count--;
    block_discharge(interests->account, INTEREST_BYTES);
    free(gone);
}

void interests_clear(struct interests *interests)
{
    CHECK(interests->pairs.count == 0 && interests->keys.count == 0);
    table_clear(&interests->keys);
    table_clear(&interests->pairs);
}
