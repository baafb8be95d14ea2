#include "common/block.h"

#include <stdlib.h>

#include "common/budget.h"
#include "common/mapping.h"
#include "common/memory.h"

/* Sizes of whole allocations: powers of two from 128 bytes to 64 KiB, header included. */
enum {
    CLASS_SHIFT = 7,
    CLASS_COUNT = 10,
    CLASS_NONE = CLASS_COUNT,       /* larger: straight from the allocator and back */
    CLASS_MAPPED = CLASS_COUNT + 1, /* largest: mappings */
    CLASS_KEEP_BYTES = 2 * 1024 * 1024,
    PUBLISH_STEP = 128 * 1024, /* the budget hears of changes of this size */
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
    size_t unused; /* of these, how many nobody needed since block_tidy() */
};

static _Thread_local struct free_list free_lists[CLASS_COUNT];
static _Thread_local size_t bytes_in_use;
static _Thread_local size_t bytes_published;
static _Thread_local struct block_account *billed;

void block_bill(struct block_account *account)
{
    billed = account;
}

void block_account_publish(struct block_account *account)
{
    size_t before = account->published;

    account->published = account->in_use;
    budget_change(account->budget, (int64_t)account->in_use - (int64_t)before);
}

static void publish_total(void)
{
    size_t before = bytes_published;

    bytes_published = bytes_in_use;
    budget_change(&budget_of_process, (int64_t)bytes_in_use - (int64_t)before);
}

void block_publish(void)
{
    publish_total();
    if (billed != NULL) {
        block_account_publish(billed);
    }
}

static inline bool is_far(size_t now, size_t published)
{
    return unlikely(now - published + PUBLISH_STEP > 2 * (size_t)PUBLISH_STEP);
}

/* Wraps around for what is given back. */
static inline void count_bytes(struct block_account *account, size_t change)
{
    bytes_in_use += change;
    if (is_far(bytes_in_use, bytes_published)) {
        publish_total();
    }
    if (account == NULL) {
        return;
    }
    account->in_use += change;
    if (is_far(account->in_use, account->published)) {
        block_account_publish(account);
    }
}

void block_charge(struct block_account *account, size_t bytes)
{
    count_bytes(account, bytes);
}

void block_discharge(struct block_account *account, size_t bytes)
{
    count_bytes(account, 0 - bytes);
}

static uint32_t class_of(size_t total)
{
    if (total <= (size_t)1 << CLASS_SHIFT) {
        return 0;
    }
    if (unlikely(BLOCK_KEEP && total >= MAPPING_MIN)) {
        return CLASS_MAPPED;
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
    if (list->count < list->unused) {
        list->unused = list->count;
    }
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

static struct block *block_take_memory(uint32_t size_class, size_t expected, size_t *total)
{
    if (likely(size_class < CLASS_COUNT)) {
        *total = class_size(size_class);
        return class_take(size_class);
    }
    return size_class == CLASS_MAPPED ? mapping_take(*total, expected, total) : memory_raw(*total);
}

static void block_give_memory(struct block *block)
{
    if (likely(block->size_class < CLASS_COUNT)) {
        class_give(block->size_class, block);
    } else if (block->size_class == CLASS_MAPPED) {
        mapping_give(block, sizeof *block + block->capacity);
    } else {
        free(block);
    }
}

static inline struct block *block_make(size_t capacity, size_t expected)
{
    CHECK(capacity <= SIZE_MAX - sizeof(struct block));

    size_t total = sizeof(struct block) + capacity;
    uint32_t size_class = class_of(total);
    struct block *block = block_take_memory(size_class, expected, &total);

    block->references = 1;
    block->size_class = size_class;
    block->used = 0;
    block->capacity = total - sizeof(struct block);
    block->account = billed;
    count_bytes(billed, total);
    return block;
}

struct block *block_new(size_t capacity)
{
    return block_make(capacity, capacity);
}

static struct block *block_grow_copied(struct block *block, size_t capacity, size_t expected)
{
    struct block_account *current = billed;

    billed = block->account;

    struct block *grown = block_make(capacity, expected);

    billed = current;
    memcpy(grown->bytes, block->bytes, block->used);
    grown->used = block->used;
    block_release(&block);
    return grown;
}

struct block *block_grow(struct block *block, size_t capacity, size_t expected)
{
    CHECK(block->references == 1 && capacity >= block->capacity);
    if (block->size_class != CLASS_MAPPED) {
        return block_grow_copied(block, capacity, expected);
    }

    size_t before = sizeof *block + block->capacity;
    size_t total = sizeof *block + capacity;

    block = mapping_grow(block, before, total);
    block->capacity = capacity;
    count_bytes(block->account, total - before);
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

void block_wipe(struct block *block, struct span bytes)
{
    CHECK(bytes.at >= block->bytes && bytes.at + bytes.size <= block_tail(block));
    explicit_bzero(block->bytes + (bytes.at - block->bytes), bytes.size);
}

void block_free(struct block *block)
{
    CHECK(block->references == 0);
    CHECK(block->used <= block->capacity);

    size_t total = block->capacity + sizeof(struct block);

    CHECK(bytes_in_use >= total); /* else: another thread's */
    count_bytes(block->account, -total);
    block_give_memory(block);
}

size_t block_bytes_in_use(void)
{
    return bytes_in_use;
}

size_t block_bytes_kept(void)
{
    size_t bytes = mapping_bytes_kept();

    for (uint32_t i = 0; i < CLASS_COUNT; i++) {
        bytes += free_lists[i].count * class_size(i);
    }
    return bytes;
}

/* Gives the first `count` of a list back. */
static void free_list_shorten(struct free_list *list, size_t count)
{
    for (; count > 0; count--) {
        struct free_block *block = list->first;

        list->first = block->next;
        list->count--;
        free(block);
    }
}

void block_tidy(void)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        struct free_list *list = &free_lists[i];

        free_list_shorten(list, (list->unused + 1) / 2);
        list->unused = list->count;
    }
    mapping_tidy();
    block_publish();
}

void block_trim(void)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        free_list_shorten(&free_lists[i], free_lists[i].count);
        free_lists[i].unused = 0;
    }
    mapping_trim();
    block_publish();
}
