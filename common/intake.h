/* intake.h - where connections of one thread read to, and what a connection has read so far.
 *
 *      intake, one per thread and pool:  [ A's bytes | B's bytes | C's bytes | room ........ ]
 *                                           ^ inbound of connection A: a slice and a reference
 *
 * All connections read into the one current block, behind each other, so that an idle connection
 * has no buffer and a busy thread stays in a few warm kilobytes: once nobody refers to the block,
 * it is filled from its start again. A connection whose message is not complete keeps its slice,
 * and reads on behind it: in place where nobody else has read since, else in a block where it fits.
 * Memory grows with bytes received, never with lengths announced. One thread.
 */
#ifndef COMMON_INTAKE_H
#define COMMON_INTAKE_H

#include "common/block.h"
#include "common/socket.h"

struct tls;

struct intake {
    struct block *block;
    struct block_account *account; /* of what is read, and of what is made of it; NULL: none */
};

/* Bytes read and not used up yet. Zero: none. */
struct inbound {
    struct block *block;
    size_t from;
    size_t size;
};

/* Gives the current block back. */
void intake_clear(struct intake *intake);

/* Reads once from `fd` to the end of `inbound`. `need` is how many bytes the message in progress
 * will have at least, 0 when not known. *received is how many came. Bills the intake's account. */
enum socket_result intake_read(struct intake *intake, struct inbound *inbound, int fd, size_t need,
                               size_t *received) MUST_USE;

/* The same through `tls`, once to the room that there is: see tls_has_more. */
enum socket_result intake_read_tls(struct intake *intake, struct inbound *inbound, struct tls *tls,
                                   size_t need, size_t *received) MUST_USE;

/* After a scan that wants more: a short rest moves into a block of its own size, so that a slow
 * writer does not hold on to the large block it shares with everybody. */
void inbound_keep(struct inbound *inbound);

/* The same where a secret may be in it: nothing stays where it was. */
void inbound_keep_secret(struct inbound *inbound);

/* To be called now and then: a longer rest that has not grown moves likewise, when its block is
 * much larger. */
void inbound_shrink(struct inbound *inbound);

/* The memory that it holds on to, or shares. */
static inline size_t inbound_capacity(const struct inbound *inbound)
{
    return inbound->size == 0 ? 0 : inbound->block->capacity;
}

static inline struct span inbound_bytes(const struct inbound *inbound)
{
    if (inbound->size == 0) {
        return (struct span){"", 0};
    }
    return (struct span){inbound->block->bytes + inbound->from, inbound->size};
}

/* Drops the first `size` bytes; lets go of the block with the last one. */
static inline void inbound_use(struct inbound *inbound, size_t size)
{
    CHECK(size <= inbound->size);
    inbound->from += size;
    inbound->size -= size;
    if (inbound->size == 0 && inbound->block != NULL) {
        block_release(&inbound->block);
    }
}

static inline void inbound_clear(struct inbound *inbound)
{
    inbound_use(inbound, inbound->size);
}

#endif
