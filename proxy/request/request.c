#include "proxy/request/request.h"

#include <stdlib.h>

#include "common/budget.h"
#include "common/memory.h"

/* Under a sanitizer none is kept, so that it finds whoever still looks at one that is gone. */
enum { REQUESTS_KEPT = IS_SANITIZED ? 0 : 16 * 1024 };

/* The budget hears of changes of this size. */
static const size_t publish_step = 128 * 1024;

enum { SHRINK_FACTOR = 4 }; /* of a block to what is needed of it: from there on it is large */

static _Thread_local struct request *free_requests;
static _Thread_local uint32_t free_count;
static _Thread_local uint32_t unused_count; /* of these, not needed since the last tidy */

static _Thread_local uint32_t made_count;    /* by the allocator, and not given back to it */
static _Thread_local size_t published_bytes; /* the budget knows of */

size_t request_bytes_in_use(void)
{
    return (size_t)(made_count - free_count) * sizeof(struct request);
}

void request_publish(void)
{
    size_t before = published_bytes;

    published_bytes = request_bytes_in_use();
    budget_change(&budget_of_process, (int64_t)published_bytes - (int64_t)before);
}

/* Only where one more or less is taken from the allocator: those on the free list come and go
 * without. */
static void request_note_made(void)
{
    if (request_bytes_in_use() - published_bytes + publish_step > 2 * publish_step) {
        request_publish();
    }
}

static NOINLINE struct request *request_make(void)
{
    made_count++;
    request_note_made();
    return memory_raw(sizeof(struct request));
}

static struct request *request_take_free(void)
{
    struct request *request = free_requests;

    if (unlikely(request == NULL)) {
        return request_make();
    }
    free_requests = request->owner;
    free_count--;
    if (free_count < unused_count) {
        unused_count = free_count;
    }
    return request;
}

/* Store by store: of an assignment, and of a call of memset, compilers make a "rep stos", which
 * takes much longer to begin than this takes in all. */
static ALWAYS_INLINE void request_clear(struct request *request)
{
    typedef uint64_t part __attribute__((vector_size(16), may_alias));

    part *at = (part *)(void *)request;

#pragma GCC unroll 32
    for (size_t i = 0; i < sizeof *request / sizeof *at; i++) {
        at[i] = (part){0, 0};
        __asm__("" : : "r"(at) : "memory");
    }
}

struct request *request_new(const struct command *command, struct block *block, struct span bytes)
{
    struct request *request = request_take_free();

    request_clear(request);
    request->command = command;
    request->block = block == NULL ? NULL : block_take(block);
    request->bytes = bytes;
    request->slot = SLOT_NONE;
    request->node = REQUEST_NO_NODE;
    sendq_init(&request->reply);
    return request;
}

bool request_read(const struct request *request, struct arguments *arguments)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct request_scan scan = {0};
    size_t used;

    return request_is_single(request) &&
           request_scan_next(&scan, &no_limits, request->bytes, arguments, &used) == SCAN_DONE;
}

void request_shrink(struct request *request)
{
    if (request->block == NULL || request->block->capacity <= SHRINK_FACTOR * request->bytes.size) {
        return;
    }

    struct block *own = block_copy(request->bytes);

    block_release(&request->block);
    request->block = own;
    request->bytes.at = own->bytes;
}

/* Of a secret nobody else looks at the bytes but who has taken a reference, too. */
static NOINLINE void request_end_special(struct request *gone)
{
    if (gone->special->is_secret && gone->block != NULL && gone->block->references == 1) {
        block_wipe(gone->block, gone->bytes);
    }
    special_free(&gone->special);
}

static NOINLINE void request_give_to_allocator(struct request *gone)
{
    free(gone);
    made_count--;
    request_note_made();
}

void request_give_back(struct request *gone)
{
    CHECK(!list_link_is_on(&gone->in_queue) && !list_link_is_on(&gone->in_pipeline));
    CHECK(gone->gate == NULL);
    if (unlikely(gone->special != NULL)) {
        request_end_special(gone);
    }
    block_release(&gone->block);
    sendq_clear(&gone->reply);
    if (unlikely(free_count == REQUESTS_KEPT)) {
        request_give_to_allocator(gone);
        return;
    }
    gone->owner = free_requests;
    free_requests = gone;
    free_count++;
}

static void shorten_free_list(uint32_t count)
{
    for (; count > 0; count--) {
        struct request *gone = free_requests;

        free_requests = gone->owner;
        free_count--;
        made_count--;
        free(gone);
    }
}

uint32_t request_count_kept(void)
{
    return free_count;
}

void request_tidy(void)
{
    shorten_free_list((unused_count + 1) / 2);
    unused_count = free_count;
    request_publish();
}

void request_trim(void)
{
    shorten_free_list(free_count);
    unused_count = 0;
    request_publish();
}
