/* interests.h - which clients cache which keys: found by key, by client, and by both.
 *
 *      key a ─> interest of client 3 ─> interest of client 7        pair (a, 3) ─> interest
 *
 * Of keys there are hashes only: two with the same are one, seldom enough. Whatever the number of
 * clients that cache a key, one of them is found and goes in the same time. They count as the
 * memory that they take, from beginning to end. Zero-initialise. Owned by a tracker; worker's
 * thread only.
 */
#ifndef PROXY_TRACKING_INTERESTS_H
#define PROXY_TRACKING_INTERESTS_H

#include "common/block.h"
#include "common/list.h"
#include "common/table.h"

struct tracked;
struct interest_key;

/* One client may cache one key. */
struct interest {
    struct table_link in_pairs;
    struct list_link in_key;
    struct list_link in_tracked;
    struct interest_key *key;
    struct tracked *tracked;
};

/* What one takes, about, beside its key, of which all who cache it have one. */
enum {
    INTEREST_OVERHEAD = 24, /* of malloc, and a place in a table */
    INTEREST_BYTES = INTEREST_OVERHEAD + (int)sizeof(struct interest),
};

struct interests {
    struct table keys;
    struct table pairs;            /* all of them */
    struct block_account *account; /* on which they are; may be NULL */
};

/* That client's in keys of that hash; NULL: it has none. */
struct interest *interests_find(const struct interests *interests, const struct tracked *tracked,
                                uint64_t hash);

/* The first who has one in keys of that hash; NULL: nobody. */
struct interest *interests_first(const struct interests *interests, uint64_t hash);

/* A new one, at the end of the client's list; there may be none of the same. */
void interests_add(struct interests *interests, struct tracked *tracked, uint64_t hash);

/* It is over, and its client has one less. Takes the pointer. */
void interests_end(struct interests *interests, struct interest **interest);

/* There may be none left. */
void interests_clear(struct interests *interests);

#endif
