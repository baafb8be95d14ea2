#include "common/block.h"

#include <stdlib.h>

#include "common/memory.h"

/* Sizes of whole allocations: powers of two from 128 bytes to 64 KiB, header included. */
enum {
    CLASS_SHIFT = 7,
    CLASS_COUNT = 10,
    CLASS_NONE = CLASS_COUNT, /* larger: straight from the allocator and back */
    CLASS_KEEP_BYTES = 2 * 1024 * 1024,
};

/* Under the address sanitizer every block goes back to the allocator, which then finds whoever
 * still looks at it. */
#if defined(__SANITIZE_ADDRESS__)
#define BLOCK_KEEP 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCK_KEEP 0
#endif
#endif
#ifndef BLOCK_KEEP
#define BLOCK_KEEP 1
#endif

struct free_block {
    struct free_block *next;
};

struct free_list {
    struct free_block *first;
    size_t count;
};

static _Thread_local struct free_list free_lists[CLASS_COUNT];
static _Thread_local size_t bytes_in_use;

static uint32_t class_of(size_t total)
{
    if (total <= (size_t)1 << CLASS_SHIFT) {
        return 0;
    }

    uint32_t bits = 64 - (uint32_t)__builtin_clzl(total - 1);
    return bits - CLASS_SHIFT < CLASS_COUNT ? bits - CLASS_SHIFT : CLASS_NONE;
}

static size_t class_size(uint32_t size_class)
{
    return (size_t)1 << (CLASS_SHIFT + size_class);
}

static struct block *class_take(uint32_t size_class)
{
    struct free_list *list = &free_lists[size_class];
    struct free_block *first = list->first;

    if (unlikely(first == NULL)) {
        return memory_raw(class_size(size_class));
    }
    list->first = first->next;
    list->count--;
    return (struct block *)first;
}

static void class_give(uint32_t size_class, struct block *block)
{
    struct free_list *list = &free_lists[size_class];
    struct free_block *gone = (struct free_block *)block;

    if (!BLOCK_KEEP || list->count >= CLASS_KEEP_BYTES / class_size(size_class)) {
        free(block);
        return;
    }
    gone->next = list->first;
    list->first = gone;
    list->count++;
}

struct block *block_new(size_t capacity)
{
    CHECK(capacity <= SIZE_MAX - sizeof(struct block));

    size_t total = sizeof(struct block) + capacity;
    uint32_t size_class = class_of(total);
    struct block *block;

    if (likely(size_class != CLASS_NONE)) {
        total = class_size(size_class);
        block = class_take(size_class);
    } else {
        block = memory_raw(total);
    }
    block->references = 1;
    block->size_class = size_class;
    block->used = 0;
    block->capacity = total - sizeof(struct block);
    bytes_in_use += total;
    return block;
}

struct block *block_copy(struct span bytes)
{
    struct block *block = block_new(bytes.size);

    if (bytes.size > 0) {
        memcpy(block->bytes, bytes.at, bytes.size);
    }
    block->used = bytes.size;
    return block;
}

void block_free(struct block *block)
{
    CHECK(block->references == 0);
    CHECK(block->used <= block->capacity);
    CHECK(bytes_in_use >= block->capacity + sizeof(struct block)); /* else: another thread's */

    bytes_in_use -= block->capacity + sizeof(struct block);
    if (likely(block->size_class != CLASS_NONE)) {
        class_give(block->size_class, block);
        return;
    }
    free(block);
}

size_t block_bytes_in_use(void)
{
    return bytes_in_use;
}

void block_trim(void)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        struct free_block *block = free_lists[i].first;

        free_lists[i] = (struct free_list){0};
        while (block != NULL) {
            struct free_block *next = block->next;

            free(block);
            block = next;
        }
    }
}
