#include "proxy/routing/pool_index.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

static uint16_t *head_of(const struct pool_index *index, const struct address *address)
{
    return &index->heads[address_hash(address) % POOL_INDEX_SIZE];
}

void pool_index_clear(struct pool_index *index)
{
    free(index->heads);
    free(index->next);
    *index = (struct pool_index){0};
}

static void pool_index_make_room(struct pool_index *index, uint16_t number)
{
    if (index->heads == NULL) {
        index->heads = memory_raw(POOL_INDEX_SIZE * sizeof *index->heads);
        memset(index->heads, 0xff, POOL_INDEX_SIZE * sizeof *index->heads); /* NODE_NONE */
    }
    if (number >= index->room) {
        index->room = 2u * (number + 1u);
        index->next = memory_resize(index->next, index->room, sizeof *index->next);
    }
}

void pool_index_add(struct pool_index *index, const struct address *address, uint16_t number)
{
    pool_index_make_room(index, number);

    uint16_t *head = head_of(index, address);

    index->next[number] = *head;
    *head = number;
}

void pool_index_remove(struct pool_index *index, const struct address *address, uint16_t number)
{
    uint16_t *link = head_of(index, address);

    while (*link != number) {
        CHECK(*link != NODE_NONE);
        link = &index->next[*link];
    }
    *link = index->next[number];
}

uint16_t pool_index_first(const struct pool_index *index, const struct address *address)
{
    return index->heads == NULL ? NODE_NONE : *head_of(index, address);
}
