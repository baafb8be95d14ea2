#include "common/sendq.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/memory.h"

enum {
    PARTS_MAX = 64,           /* iovecs per system call */
    GROW_MAX = 1024,          /* a tail up to this size moves when it needs a larger block */
    MOVE_COPY_MAX = 4 * 1024, /* below, sendq_move copies to keep the queue contiguous */
    PRINT_ON_STACK = 512,
};

/* A chunk lives at the front of a block of its own:
 *
 *      own bytes:   block [ chunk | sent | waiting | room ]
 *      lent bytes:  block [ chunk ] ──> lent block [ … waiting … ]
 *
 * so that one allocation serves both, and nothing but blocks has to be kept for reuse. Bytes of
 * its own always end where the block's used part ends.
 */
struct chunk {
    struct list_link link;
    struct block *lent; /* NULL when the bytes are its own */
    const char *at;
    size_t size;
};

static struct chunk *chunk_of(struct list_link *link)
{
    return container_of(link, struct chunk, link);
}

static struct block *chunk_home(struct chunk *chunk)
{
    return container_of(chunk, struct block, bytes);
}

static struct chunk *chunk_new(struct sendq *queue, size_t capacity)
{
    struct block *home = block_new(capacity);
    struct chunk *chunk = (struct chunk *)home->bytes;

    home->used = sizeof *chunk;
    chunk->lent = NULL;
    chunk->at = block_tail(home);
    chunk->size = 0;
    list_append(&queue->chunks, &chunk->link);
    return chunk;
}

static void chunk_free(struct chunk *chunk)
{
    struct block *home = chunk_home(chunk);

    list_remove(&chunk->link);
    block_release(&chunk->lent);
    block_release(&home);
}

static void chunk_put(struct chunk *chunk, struct span bytes)
{
    struct block *home = chunk_home(chunk);

    memcpy(block_tail(home), bytes.at, bytes.size);
    home->used += bytes.size;
    chunk->size += bytes.size;
}

/* The last chunk if one may append to it, or NULL. */
static struct chunk *own_tail(const struct sendq *queue)
{
    if (list_is_empty(&queue->chunks)) {
        return NULL;
    }

    struct chunk *last = chunk_of(queue->chunks.anchor.previous);
    return last->lent == NULL ? last : NULL;
}

/* The first block is small, since most queues never need more; what follows it is medium, and a
 * small beginning moves along, so that a busy queue is still one piece. */
static void append_to_new_chunk(struct sendq *queue, struct chunk *tail, struct span bytes)
{
    if (tail == NULL) {
        chunk_put(chunk_new(queue, size_max(sizeof *tail + bytes.size, BLOCK_SMALL)), bytes);
        return;
    }
    if (tail->size <= GROW_MAX) {
        size_t capacity = size_max(sizeof *tail + tail->size + bytes.size, BLOCK_MEDIUM);
        struct chunk *grown = chunk_new(queue, capacity);

        chunk_put(grown, (struct span){tail->at, tail->size});
        chunk_put(grown, bytes);
        chunk_free(tail);
        return;
    }

    size_t room = block_room(chunk_home(tail));
    size_t rest = bytes.size - room;

    chunk_put(tail, (struct span){bytes.at, room});
    chunk_put(chunk_new(queue, size_max(sizeof *tail + rest, BLOCK_MEDIUM)),
              (struct span){bytes.at + room, rest});
}

void sendq_init(struct sendq *queue)
{
    list_init(&queue->chunks);
    queue->size = 0;
    queue->protocol = 2;
}

void sendq_clear(struct sendq *queue)
{
    while (!list_is_empty(&queue->chunks)) {
        chunk_free(chunk_of(list_first(&queue->chunks)));
    }
    queue->size = 0;
}

void sendq_append(struct sendq *queue, struct span bytes)
{
    if (bytes.size == 0) {
        return;
    }

    struct chunk *tail = own_tail(queue);

    queue->size += bytes.size;
    if (likely(tail != NULL && bytes.size <= block_room(chunk_home(tail)))) {
        chunk_put(tail, bytes);
        return;
    }
    append_to_new_chunk(queue, tail, bytes);
}

void sendq_print(struct sendq *queue, const char *format, ...)
{
    char text[PRINT_ON_STACK];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    if ((size_t)length < sizeof text) {
        sendq_append(queue, (struct span){text, (size_t)length});
        return;
    }

    char *long_text = memory_raw((size_t)length + 1);

    va_start(arguments, format);
    vsnprintf(long_text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    sendq_append(queue, (struct span){long_text, (size_t)length});
    free(long_text);
}

/* Do `bytes` go on where the last chunk ends, in the same lent block? */
static bool extends_last(const struct sendq *queue, const struct block *block, struct span bytes)
{
    if (list_is_empty(&queue->chunks)) {
        return false;
    }

    const struct chunk *last = chunk_of(queue->chunks.anchor.previous);
    return last->lent == block && last->at + last->size == bytes.at;
}

void sendq_lend(struct sendq *queue, struct block *block, struct span bytes)
{
    if (block != NULL && extends_last(queue, block, bytes)) {
        chunk_of(queue->chunks.anchor.previous)->size += bytes.size;
        queue->size += bytes.size;
        return;
    }
    if (block == NULL || bytes.size < SENDQ_COPY_MAX) {
        sendq_append(queue, bytes);
        return;
    }
    CHECK(bytes.at >= block->bytes && bytes.at + bytes.size <= block_tail(block));

    struct chunk *chunk = chunk_new(queue, sizeof *chunk);

    chunk->lent = block_take(block);
    chunk->at = bytes.at;
    chunk->size = bytes.size;
    queue->size += bytes.size;
}

void sendq_move(struct sendq *to, struct sendq *from)
{
    CHECK(to != from);

    while (!list_is_empty(&from->chunks)) {
        struct chunk *chunk = chunk_of(list_first(&from->chunks));

        if (chunk->size < MOVE_COPY_MAX && own_tail(to) != NULL) {
            sendq_append(to, (struct span){chunk->at, chunk->size});
            chunk_free(chunk);
        } else {
            to->size += chunk->size;
            list_move(&to->chunks, &chunk->link);
        }
    }
    from->size = 0;
}

/* From the end, since what is in front may be much more. */
void sendq_copy_last(const struct sendq *queue, size_t size, char *to)
{
    const struct list_link *link = &queue->chunks.anchor;

    CHECK(size <= queue->size);
    while (size > 0) {
        link = link->previous;

        const struct chunk *chunk = container_of(link, struct chunk, link);
        size_t taken = size_min(chunk->size, size);

        size -= taken;
        memcpy(to + size, chunk->at + chunk->size - taken, taken);
    }
}

struct block *sendq_flatten(const struct sendq *queue)
{
    struct block *block = block_new(queue->size);

    sendq_copy_last(queue, queue->size, block->bytes);
    block->used = queue->size;
    return block;
}

static void sendq_drop(struct sendq *queue, size_t size)
{
    CHECK(size <= queue->size);
    queue->size -= size;
    while (size > 0) {
        struct chunk *chunk = chunk_of(list_first(&queue->chunks));

        if (size < chunk->size) {
            chunk->at += size;
            chunk->size -= size;
            return;
        }
        size -= chunk->size;
        chunk_free(chunk);
    }
}

/* One system call for the first chunks; *offered is how many bytes the kernel could have taken. */
static ssize_t send_some(const struct sendq *queue, int fd, size_t *offered)
{
    const struct chunk *first = chunk_of(list_first(&queue->chunks));

    if (likely(first->size == queue->size)) {
        *offered = first->size;
        return send(fd, first->at, first->size, MSG_NOSIGNAL);
    }

    struct iovec parts[PARTS_MAX];
    struct msghdr message = {.msg_iov = parts};

    *offered = 0;
    LIST_EACH (link, &queue->chunks) {
        const struct chunk *chunk = chunk_of(link);

        if (message.msg_iovlen == PARTS_MAX) {
            break;
        }
        parts[message.msg_iovlen++] = (struct iovec){(void *)(uintptr_t)chunk->at, chunk->size};
        *offered += chunk->size;
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

enum sendq_result sendq_write(struct sendq *queue, int fd, size_t *sent)
{
    *sent = 0;
    while (queue->size > 0) {
        size_t offered;
        ssize_t count = send_some(queue, fd, &offered);

        if (unlikely(count < 0)) {
            if (errno == EINTR) {
                continue;
            }
            return errno == EAGAIN ? SENDQ_PARTLY : SENDQ_ERROR;
        }
        *sent += (size_t)count;
        sendq_drop(queue, (size_t)count);
        /* The kernel took less than it was offered: asking again would only say EAGAIN. */
        if (unlikely((size_t)count < offered)) {
            return SENDQ_PARTLY;
        }
    }
    return SENDQ_OK;
}

void sendq_keep(struct sendq *queue, struct block *block, struct span bytes)
{
    if (bytes.size == 0) {
        return;
    }
    if (!list_is_empty(&queue->chunks) || (block != NULL && bytes.size >= SENDQ_COPY_MAX)) {
        sendq_lend(queue, block, bytes);
        return;
    }

    struct chunk *chunk = chunk_new(queue, sizeof *chunk + bytes.size);

    chunk_put(chunk, bytes);
    queue->size += bytes.size;
}

size_t sendq_chunks(const struct sendq *queue)
{
    size_t count = 0;

    LIST_EACH (link, &queue->chunks) {
        count++;
    }
    return count;
}
