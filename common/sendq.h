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

struct sendq {
    struct list chunks;
    size_t size;      /* bytes not yet sent */
    uint8_t protocol; /* 2 or 3, what its reader speaks: for resp_write.h */
};

enum sendq_result {
    SENDQ_OK = 0, /* all of it is with the kernel */
    SENDQ_PARTLY, /* the socket is full: wait until it is writable */
    SENDQ_ERROR,  /* errno says why */
};

/* An empty queue, for RESP2; holds no memory until the first byte. */
void sendq_init(struct sendq *queue);

/* Drops all bytes. */
void sendq_clear(struct sendq *queue);

/* Copies `bytes` to the end. */
void sendq_append(struct sendq *queue, struct span bytes);

/* Formats to the end; for what is not on the plain path. */
void sendq_print(struct sendq *queue, const char *format, ...) PRINTF(2, 3);

/* Appends bytes that live in `block`: copies small ones, takes a reference for large ones.
 * With `block` NULL the bytes are always copied. */
void sendq_lend(struct sendq *queue, struct block *block, struct span bytes);

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

/* How many pieces the bytes are in. */
size_t sendq_chunks(const struct sendq *queue);

static inline bool sendq_is_empty(const struct sendq *queue)
{
    return queue->size == 0;
}

#endif
