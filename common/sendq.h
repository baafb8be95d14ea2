/* sendq.h - bytes on their way to a socket, or to another sendq.
 *
 *      first                                last
 *      [ copied small bytes ][ lent slice ][ copied small bytes | room ]
 *        ^ sent up to here                                      ^ append copies here
 *
 * Small bytes are copied into blocks of the queue's own; large ones (SENDQ_COPY_MAX and more) stay
 * where they are and the queue takes a reference to their block. One thread. The queue is also
 * how a composed reply is kept until its turn: sendq_move() appends one queue to another.
 */
#ifndef COMMON_SENDQ_H
#define COMMON_SENDQ_H

#include "common/block.h"
#include "common/list.h"

enum {
    SENDQ_COPY_MAX = 16 * 1024, /* measured: below, copying is as cheap as a slice and simpler */
};

struct tls;

struct sendq {
    struct list chunks;
    struct chunk *tail; /* the last one if its bytes are its own, else NULL */
    size_t size;        /* bytes not yet sent */
    uint8_t protocol;   /* 2 or 3, what its reader speaks: for resp_write.h */
    bool is_secret;     /* sendq_keep_secret */
};

/* Internal. A chunk lives at the front of a block of its own:
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

enum sendq_result {
    SENDQ_OK = 0, /* all of it is with the kernel */
    SENDQ_PARTLY, /* the socket is full: wait until it is writable */
    SENDQ_ERROR,  /* errno says why */
};

/* An empty queue, for RESP2; holds no memory until the first byte. */
void sendq_init(struct sendq *queue);

/* What is in the queue, and comes to it before it is empty, is overwritten when it has been sent,
 * is moved or dropped: its own bytes, not those that are lent. */
static inline void sendq_keep_secret(struct sendq *queue)
{
    queue->is_secret = true;
}

/* Internal: what is not done in a few instructions. */
void sendq_clear_chunks(struct sendq *queue);
void sendq_append_elsewhere(struct sendq *queue, struct span bytes);
void sendq_lend_slice(struct sendq *queue, struct block *block, struct span bytes);

static inline struct block *sendq_chunk_home(struct chunk *chunk)
{
    return container_of(chunk, struct block, bytes);
}

static inline void sendq_chunk_put(struct chunk *chunk, struct span bytes)
{
    struct block *home = sendq_chunk_home(chunk);

    memcpy(block_tail(home), bytes.at, bytes.size);
    home->used += bytes.size;
    chunk->size += bytes.size;
}

/* Drops all bytes. */
static inline void sendq_clear(struct sendq *queue)
{
    if (unlikely(!list_is_empty(&queue->chunks))) {
        sendq_clear_chunks(queue);
    }
}

/* Copies `bytes` to the end. */
static inline void sendq_append(struct sendq *queue, struct span bytes)
{
    struct chunk *tail = queue->tail;

    if (likely(tail != NULL && bytes.size > 0 &&
               bytes.size <= block_room(sendq_chunk_home(tail)))) {
        sendq_chunk_put(tail, bytes);
        queue->size += bytes.size;
        return;
    }
    sendq_append_elsewhere(queue, bytes);
}

/* Formats to the end; for what is not on the plain path. */
void sendq_print(struct sendq *queue, const char *format, ...) PRINTF(2, 3);

/* Appends bytes that live in `block`: copies small ones, takes a reference for large ones.
 * With `block` NULL the bytes are always copied. */
static ALWAYS_INLINE void sendq_lend(struct sendq *queue, struct block *block, struct span bytes)
{
    struct chunk *tail = queue->tail;

    if (likely(tail != NULL && bytes.size <= block_room(sendq_chunk_home(tail)) &&
               bytes.size < SENDQ_COPY_MAX)) {
        sendq_chunk_put(tail, bytes);
        queue->size += bytes.size;
        return;
    }
    sendq_lend_slice(queue, block, bytes);
}

/* Like sendq_lend, for a queue that will wait: small bytes get a block of just their size, so that
 * thousands of waiting replies take no more than they are. */
void sendq_keep(struct sendq *queue, struct block *block, struct span bytes);

/* Appends all of `from` to `to` and leaves `from` empty. */
void sendq_move(struct sendq *to, struct sendq *from);

/* Copies the whole queue into one block of exactly its size: for tests and for small texts. */
struct block *sendq_flatten(const struct sendq *queue) MUST_USE;

/* Copies its last `size` bytes to `to`. */
void sendq_copy_last(const struct sendq *queue, size_t size, char *to);

/* Writes as much as the socket takes and drops it. *sent is the number of bytes that went to the
 * kernel in this call, also when the call ends with an error. */
enum sendq_result sendq_write(struct sendq *queue, int fd, size_t *sent) MUST_USE;

/* The same through `tls`: as few records as the bytes fit into. SENDQ_PARTLY may wait for the
 * socket to be readable, which tls_write_awaits tells; of SENDQ_ERROR tls_problem says why. *sent
 * counts bytes whose records are whole with the kernel: nobody can have read others. */
enum sendq_result sendq_write_tls(struct sendq *queue, struct tls *tls, size_t *sent) MUST_USE;

/* How many pieces the bytes are in. */
size_t sendq_chunks(const struct sendq *queue);

static inline bool sendq_is_empty(const struct sendq *queue)
{
    return queue->size == 0;
}

#endif
