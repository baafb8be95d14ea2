#include "common/mapping.h"

#include <sys/mman.h>

#include "common/budget.h"
#include "common/check.h"
#include "common/memory.h"

enum {
    KEPT_MAX = MAPPING_KEEP_BYTES / MAPPING_MIN,
    KEEP_SHARE = 16,  /* of the memory that the process may use, no thread keeps more */
    WASTE_FACTOR = 2, /* who takes one that is kept holds at most so many times what it expects */
};

struct kept {
    void *memory;
    size_t size;
    bool is_idle; /* it was here at the last mapping_tidy() already */
};

static _Thread_local struct kept kept[KEPT_MAX];
static _Thread_local size_t kept_count;
static _Thread_local size_t kept_bytes;

static struct kept kept_remove(struct kept *one)
{
    struct kept removed = *one;

    *one = kept[--kept_count];
    kept_bytes -= removed.size;
    return removed;
}

/* The smallest that is large enough, else the largest: it has most of the pages already. */
static bool is_better(size_t size, size_t than, size_t expected)
{
    if (size >= expected) {
        return than < expected || size < than;
    }
    return than < expected && size > than;
}

static struct kept *kept_find(size_t least, size_t expected)
{
    struct kept *best = NULL;

    for (struct kept *one = kept; one < kept + kept_count; one++) {
        if (one->size >= least && one->size / WASTE_FACTOR <= expected &&
            (best == NULL || is_better(one->size, best->size, expected))) {
            best = one;
        }
    }
    return best;
}

void *mapping_take(size_t least, size_t expected, size_t *taken)
{
    struct kept *found = kept_find(least, size_max(least, expected));

    CHECK(least >= MAPPING_MIN);
    if (found != NULL) {
        struct kept one = kept_remove(found);

        *taken = one.size;
        return one.memory;
    }

    void *memory = mmap(NULL, least, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    *taken = least;
    return memory_or_die(memory == MAP_FAILED ? NULL : memory, least);
}

void *mapping_grow(void *memory, size_t before, size_t size)
{
    void *grown = mremap(memory, before, size, MREMAP_MAYMOVE);

    return memory_or_die(grown == MAP_FAILED ? NULL : grown, size);
}

static bool memory_is_short(void)
{
    return budget_level(&budget_of_process) != BUDGET_FREE;
}

static size_t keep_most(void)
{
    uint64_t limit = budget_limit(&budget_of_process);

    if (limit == 0 || limit / KEEP_SHARE > MAPPING_KEEP_BYTES) {
        return MAPPING_KEEP_BYTES;
    }
    return limit / KEEP_SHARE;
}

static void unmap(void *memory, size_t size)
{
    CHECK(munmap(memory, size) == 0);
}

void mapping_give(void *memory, size_t size)
{
    CHECK(size >= MAPPING_MIN);
    if (size > keep_most() || kept_bytes > keep_most() - size || memory_is_short()) {
        unmap(memory, size);
        return;
    }
    CHECK(kept_count < KEPT_MAX);
    kept[kept_count++] = (struct kept){.memory = memory, .size = size};
    kept_bytes += size;
}

size_t mapping_bytes_kept(void)
{
    return kept_bytes;
}

void mapping_tidy(void)
{
    if (memory_is_short()) {
        mapping_trim();
        return;
    }
    for (size_t i = kept_count; i-- > 0;) {
        if (kept[i].is_idle) {
            struct kept gone = kept_remove(&kept[i]);

            unmap(gone.memory, gone.size);
        } else {
            kept[i].is_idle = true;
        }
    }
}

void mapping_trim(void)
{
    while (kept_count > 0) {
        struct kept gone = kept_remove(&kept[kept_count - 1]);

        unmap(gone.memory, gone.size);
    }
}
