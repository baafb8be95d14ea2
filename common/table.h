/* table.h - an intrusive hash table: finds objects by a hash, and leaves comparing to its user.
 *
 *      heads[hash % room] ─> link ─> link ─> NULL       room doubles with the number of links
 *
 *      for (link = table_first(t, hash); link != NULL; link = table_next(link)) { is it the one? }
 *
 * Zero-initialise. One thread, or behind its owner's lock.
 */
#ifndef COMMON_TABLE_H
#define COMMON_TABLE_H

#include "common/span.h"

struct table_link {
    struct table_link *next;
    uint64_t hash;
};

struct table {
    struct table_link **heads;
    size_t room; /* a power of two; 0 before the first link */
    size_t count;
};

/* The first link with that hash, and the next one with the same; NULL: no more. */
struct table_link *table_first(const struct table *table, uint64_t hash);
struct table_link *table_next(const struct table_link *link);

/* `link` must be in no table. */
void table_add(struct table *table, struct table_link *link, uint64_t hash);

/* `link` must be in this table. */
void table_remove(struct table *table, struct table_link *link);

/* Gives the heads back. What is linked stays its owner's. */
void table_clear(struct table *table);

/* A hash of bytes that is the same everywhere in this process and hard to foretell outside of it.
 */
uint64_t table_hash_bytes(struct span bytes);

#endif
