#include "common/table.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

enum { FIRST_ROOM = 16 };

static struct table_link **table_head(const struct table *table, uint64_t hash)
{
    return &table->heads[hash & (table->room - 1)];
}

static struct table_link *same_hash(struct table_link *link, uint64_t hash)
{
    while (link != NULL && link->hash != hash) {
        link = link->next;
    }
    return link;
}

struct table_link *table_first(const struct table *table, uint64_t hash)
{
    return table->room == 0 ? NULL : same_hash(*table_head(table, hash), hash);
}

struct table_link *table_next(const struct table_link *link)
{
    return same_hash(link->next, link->hash);
}

static void table_link_in(struct table *table, struct table_link *link)
{
    struct table_link **head = table_head(table, link->hash);

    link->next = *head;
    *head = link;
}

static void table_grow(struct table *table)
{
    struct table before = *table;

    table->room = before.room == 0 ? FIRST_ROOM : before.room * 2;
    table->heads = memory_new(table->room, sizeof(struct table_link *));
    for (size_t i = 0; i < before.room; i++) {
        struct table_link *link = before.heads[i];

        while (link != NULL) {
            struct table_link *next = link->next;

            table_link_in(table, link);
            link = next;
        }
    }
    free(before.heads);
}

void table_add(struct table *table, struct table_link *link, uint64_t hash)
{
    if (table->count >= table->room) {
        table_grow(table);
    }
    link->hash = hash;
    table_link_in(table, link);
    table->count++;
}

void table_remove(struct table *table, struct table_link *link)
{
    CHECK(table->count > 0);

    struct table_link **at = table_head(table, link->hash);

    while (*at != link) {
        CHECK(*at != NULL);
        at = &(*at)->next;
    }
    *at = link->next;
    link->next = NULL;
    table->count--;
}

void table_clear(struct table *table)
{
    free(table->heads);
    *table = (struct table){0};
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

/* Where the process was loaded is chance, and stays. */
uint64_t table_hash_bytes(struct span bytes)
{
    static const char seed;
    uint64_t hash = mix((uint64_t)(uintptr_t)&seed ^ bytes.size);

    while (bytes.size >= sizeof hash) {
        uint64_t word;

        memcpy(&word, bytes.at, sizeof word);
        hash = mix(hash ^ word) + 0x9e3779b97f4a7c15u;
        bytes = (struct span){bytes.at + sizeof word, bytes.size - sizeof word};
    }
    for (size_t i = 0; i < bytes.size; i++) {
        hash = (hash ^ (unsigned char)bytes.at[i]) * 0x100000001b3u;
    }
    return mix(hash);
}
