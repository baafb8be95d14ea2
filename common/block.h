/* block.h - reference-counted bytes of one thread.
 *
 *      [ header | bytes ....... used | room ..... ]
 *                                    ^ next read or append goes here
 *
 * A block is filled from the front, by whoever holds it as its tail, and never rewritten: spans
 * into the used part stay valid as long as one holds a reference. Blocks up to BLOCK_LARGE come
 * from free lists of the thread; larger ones from the allocator, and those of megabytes are
 * mappings of the kernel's (mapping.h), of which the thread keeps some for a second or two. A block
 * never leaves the thread that made it.
 */
#ifndef COMMON_BLOCK_H
#define COMMON_BLOCK_H

#include "common/check.h"
#include "common/span.h"

struct budget;

/* What some of a thread's blocks take, which count for a budget of their own beside that of the
 * process. Outlives these blocks. */
struct block_account {
    struct budget *budget;
    size_t in_use;
    size_t published;
};

struct block {
    uint32_t references;
    uint32_t size_class;
    struct block_account *account; /* NULL: it counts for the process only */
    size_t used;
    size_t capacity;
    char bytes[];
};

/* Capacities that, with the header, fill their size class exactly. */
enum {
    BLOCK_SMALL = 1024 - sizeof(struct block),
    BLOCK_MEDIUM = 16 * 1024 - sizeof(struct block),
    BLOCK_LARGE = 64 * 1024 - sizeof(struct block),
};

/* A block with one reference and room for at least `capacity` bytes. */
struct block *block_new(size_t capacity) MUST_USE;

/* The bytes in a block of their own, of the smallest size class that holds them. */
struct block *block_copy(struct span bytes) MUST_USE;

/* Takes a block whose only reference is the caller's and returns it with room for at least
 * `capacity` bytes in all, perhaps elsewhere. A block of megabytes is not copied. `expected` is how
 * large it may have to become in the end: a hint, which takes no memory. */
struct block *block_grow(struct block *block, size_t capacity, size_t expected) MUST_USE;

/* Internal: the last reference went. */
void block_free(struct block *block);

static inline struct block *block_take(struct block *block)
{
    CHECK(block->references > 0);
    block->references++;
    return block;
}

/* Gives back one reference and takes the pointer; NULL inside is fine. */
static inline void block_release(struct block **block)
{
    struct block *gone = *block;

    *block = NULL;
    if (gone != NULL && --gone->references == 0) {
        block_free(gone);
    }
}

static inline size_t block_room(const struct block *block)
{
    return block->capacity - block->used;
}

static inline char *block_tail(struct block *block)
{
    return block->bytes + block->used;
}

/* Puts `bytes` behind what is used, where there must be room for them. Returns where they are. */
static inline struct span block_append(struct block *block, struct span bytes)
{
    struct span copy = {block_tail(block), bytes.size};

    CHECK(bytes.size <= block_room(block));
    if (bytes.size > 0) {
        memcpy(block_tail(block), bytes.at, bytes.size);
    }
    block->used += bytes.size;
    return copy;
}

/* Overwrites `bytes` of the block, a secret, which nobody looks at any more. */
void block_wipe(struct block *block, struct span bytes);

/* Bytes that this thread's blocks in use take at the moment. */
size_t block_bytes_in_use(void);

/* Bytes that it keeps for blocks to come. */
size_t block_bytes_kept(void);

/* From here on this thread's new blocks are on `account`, which may be NULL: whoever begins to work
 * for a pool says so, and nobody needs to take it back. A block stays on the account on which it
 * was made. */
void block_bill(struct block_account *account);

/* `bytes` of other memory, which this thread took for what `account` is for, or NULL, and keeps for
 * long: they count as those of a block do, until it gives them back. */
void block_charge(struct block_account *account, size_t bytes);
void block_discharge(struct block_account *account, size_t bytes);

/* Tells the budgets (budget.h) what this thread's blocks take now, all of them and those on the
 * account that is billed. They hear of larger changes by themselves. */
void block_publish(void);

/* Tells the budget of `account`, which is this thread's. */
void block_account_publish(struct block_account *account);

/* To be called now and then, as once a second: hands back half of what was not needed since the
 * last call, of megabytes all that was not needed since the one before, and publishes. */
void block_tidy(void);

/* Hands all that the thread keeps back: at thread end. */
void block_trim(void);

#endif
