#include "common/sendq.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/memory.h"
#include "common/tls.h"

enum {
    PARTS_MAX = 64,           /* iovecs per system call */
    GROW_MAX = 1024,          /* a tail up to this size moves when it needs a larger block */
    MOVE_COPY_MAX = 4 * 1024, /* below, sendq_move copies to keep the queue contiguous */
    PRINT_ON_STACK = 512,
    FIRST_BYTES = BLOCK_SMALL - sizeof(struct chunk),
    MORE_BYTES = BLOCK_MEDIUM - sizeof(struct chunk),
};

static struct chunk *chunk_of(struct list_link *link)
{
    return container_of(link, struct chunk, link);
}

/* Becomes the last one. */
static void chunk_append(struct sendq *queue, struct chunk *chunk)
{
    list_append(&queue->chunks, &chunk->link);
    queue->tail = chunk->lent == NULL ? chunk : NULL;
}

static struct chunk *chunk_new(size_t capacity)
{
    struct block *home = block_new(capacity);
    struct chunk *chunk = (struct chunk *)home->bytes;

    home->used = sizeof *chunk;
    chunk->lent = NULL;
    chunk->at = block_tail(home);
    chunk->size = 0;
    return chunk;
}

/* One with those bytes becomes the last one. */
static void chunk_add(struct sendq *queue, size_t capacity, struct span bytes)
{
    struct chunk *chunk = chunk_new(sizeof *chunk + capacity);

    sendq_chunk_put(chunk, bytes);
    chunk_append(queue, chunk);
}

/* Also what of it has been sent, which was in front. */
static void chunk_wipe(struct chunk *chunk)
{
    struct block *home = sendq_chunk_home(chunk);
    const char *first = (const char *)(chunk + 1);

    block_wipe(home, (struct span){first, (size_t)(block_tail(home) - first)});
}

static void chunk_free(struct sendq *queue, struct chunk *chunk)
{
    struct block *home = sendq_chunk_home(chunk);

    if (chunk == queue->tail) {
        queue->tail = NULL;
    }
    list_remove(&chunk->link);
    if (unlikely(queue->is_secret)) {
        chunk_wipe(chunk);
        queue->is_secret = !list_is_empty(&queue->chunks);
    }
    block_release(&chunk->lent);
    block_release(&home);
}

/* The first block is small, since most queues never need more; what follows it is medium, and a
 * small beginning moves along, so that a busy queue is still one piece. */
static void append_to_new_chunk(struct sendq *queue, struct span bytes)
{
    struct chunk *tail = queue->tail;

    if (tail == NULL) {
        chunk_add(queue, size_max(bytes.size, FIRST_BYTES), bytes);
        return;
    }
    if (tail->size <= GROW_MAX) {
        chunk_add(queue, size_max(tail->size + bytes.size, MORE_BYTES),
                  (struct span){tail->at, tail->size});
        sendq_chunk_put(queue->tail, bytes);
        chunk_free(queue, tail);
        return;
    }

    size_t room = block_room(sendq_chunk_home(tail));
    size_t rest = bytes.size - room;

    sendq_chunk_put(tail, (struct span){bytes.at, room});
    chunk_add(queue, size_max(rest, MORE_BYTES), (struct span){bytes.at + room, rest});
}

void sendq_init(struct sendq *queue)
{
    list_init(&queue->chunks);
    queue->tail = NULL;
    queue->size = 0;
    queue->protocol = 2;
    queue->is_secret = false;
}

void sendq_clear_chunks(struct sendq *queue)
{
    while (!list_is_empty(&queue->chunks)) {
        chunk_free(queue, chunk_of(list_first(&queue->chunks)));
    }
    queue->size = 0;
}

void sendq_append_elsewhere(struct sendq *queue, struct span bytes)
{
    if (bytes.size > 0) {
        append_to_new_chunk(queue, bytes);
        queue->size += bytes.size;
    }
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

void sendq_lend_slice(struct sendq *queue, struct block *block, struct span bytes)
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

    struct chunk *chunk = chunk_new(sizeof *chunk);

    chunk->lent = block_take(block);
    chunk->at = bytes.at;
    chunk->size = bytes.size;
    chunk_append(queue, chunk);
    queue->size += bytes.size;
}

void sendq_move(struct sendq *to, struct sendq *from)
{
    CHECK(to != from);
    if (unlikely(from->is_secret)) {
        sendq_keep_secret(to);
    }

    while (!list_is_empty(&from->chunks)) {
        struct chunk *chunk = chunk_of(list_first(&from->chunks));

        if (chunk->size < MOVE_COPY_MAX && to->tail != NULL) {
            sendq_append(to, (struct span){chunk->at, chunk->size});
            chunk_free(from, chunk);
        } else {
            to->size += chunk->size;
            list_remove(&chunk->link);
            chunk_append(to, chunk);
        }
    }
    from->tail = NULL;
    from->size = 0;
    from->is_secret = false;
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
        chunk_free(queue, chunk);
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

/* The bytes of the next record: where they are, or, when they are scattered, copied to `record`.
 * What waited for the socket is the beginning of the same bytes the next time, as it must be. */
static struct span next_record(const struct sendq *queue, char record[TLS_RECORD_MAX])
{
    const struct chunk *first = chunk_of(list_first(&queue->chunks));
    size_t wanted = size_min(queue->size, TLS_RECORD_MAX);
    size_t size = 0;

    if (first->size >= wanted) {
        return (struct span){first->at, wanted};
    }
    LIST_EACH (link, &queue->chunks) {
        const struct chunk *chunk = chunk_of(link);
        size_t part = size_min(chunk->size, wanted - size);

        memcpy(record + size, chunk->at, part);
        size += part;
        if (size == wanted) {
            break;
        }
    }
    return (struct span){record, size};
}

enum sendq_result sendq_write_tls(struct sendq *queue, struct tls *tls, size_t *sent)
{
    char record[TLS_RECORD_MAX];

    *sent = 0;
    while (queue->size > 0) {
        struct span bytes = next_record(queue, record);
        size_t count = 0;

        switch (tls_write(tls, bytes.at, bytes.size, &count)) {
        case SOCKET_OK: break;
        case SOCKET_AGAIN: return SENDQ_PARTLY;
        case SOCKET_EOF:
        case SOCKET_ERROR: return SENDQ_ERROR;
        }
        *sent += count;
        sendq_drop(queue, count);
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

    chunk_add(queue, bytes.size, bytes);
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
