#include "common/intake.h"

#include "common/tls.h"

enum {
    READ_ROOM = 16 * 1024, /* least room that a read is worth */
    MOVE_MAX = 4 * 1024,   /* an incomplete message up to this moves into the shared block */
    REST_MIN = 1024,       /* a rest of at least this is known to be the rest */
    /* Each time its block is full a message gets this many times as much, since all that is there
     * is copied then; up to: */
    KNOWN_FACTOR = 4,
    KNOWN_FACTOR_MAX = 2 * 1024 * 1024, /* beyond, blocks grow without being copied */
    DOUBLE_MAX = 128 * 1024, /* one that may end at any time, with the block half empty */
    WASTE_MAX = READ_ROOM,   /* room that a rest may hold on to for long, beyond its size */
};

void intake_clear(struct intake *intake)
{
    block_release(&intake->block);
}

/* The shared block, with at least `room` bytes of room. */
static struct block *intake_block(struct intake *intake, size_t room)
{
    if (intake->block != NULL && intake->block->references == 1) {
        intake->block->used = 0;
    }
    if (intake->block == NULL || block_room(intake->block) < room) {
        block_release(&intake->block);
        intake->block = block_new(BLOCK_LARGE);
    }
    return intake->block;
}

/* Moves what has been read to the end of `block`, behind which the next read goes. */
static void inbound_move(struct inbound *inbound, struct block *block)
{
    size_t from = block->used;

    if (inbound->size > 0) {
        memcpy(block_tail(block), inbound->block->bytes + inbound->from, inbound->size);
        block->used += inbound->size;
    }
    block_release(&inbound->block);
    inbound->block = block_take(block);
    inbound->from = from;
}

static bool inbound_is_at_end(const struct inbound *inbound)
{
    return inbound->block->used == inbound->from + inbound->size;
}

/* How large the block of a message of its own is to be, of which `size` bytes came: as large as it
 * needs, but never much larger than what came. */
static size_t capacity_of(size_t size, size_t need)
{
    if (need <= size + READ_ROOM) {
        return size + size_max(size < DOUBLE_MAX ? size : size / 4, READ_ROOM);
    }

    size_t capacity = size < KNOWN_FACTOR_MAX ? KNOWN_FACTOR * size : size + size / 4;
    capacity = size_max(capacity, size + READ_ROOM);

    /* To end a little before the message does would cost another copy of all of it. */
    return need - need / 4 <= capacity ? need : capacity;
}

static void inbound_grow(struct inbound *inbound, size_t need)
{
    size_t capacity = capacity_of(inbound->size, need);

    /* Only where nobody else has read behind it, for a block grows at its end. */
    if (inbound->from == 0 && inbound_is_at_end(inbound) && inbound->block->references == 1 &&
        inbound->block->capacity < capacity) {
        inbound->block = block_grow(inbound->block, capacity, size_max(capacity, need));
        return;
    }

    struct block *block = block_new(capacity);

    inbound_move(inbound, block);
    block_release(&block);
}

/* Is there room that is worth a read, or for all of the rest? `need` is a lower bound: that a few
 * bytes are missing may just mean that nothing is known of what follows them. */
static bool inbound_has_room(const struct inbound *inbound, size_t need)
{
    size_t room = block_room(inbound->block);

    return room >= READ_ROOM || (need >= inbound->size + REST_MIN && room >= need - inbound->size);
}

/* Afterwards the next bytes can be read to the tail of inbound->block. */
static void inbound_prepare(struct intake *intake, struct inbound *inbound, size_t need)
{
    if (inbound->size > 0 && inbound_is_at_end(inbound) && inbound_has_room(inbound, need)) {
        return;
    }
    if (inbound->size <= MOVE_MAX) {
        inbound_move(inbound, intake_block(intake, inbound->size + READ_ROOM));
        return;
    }
    inbound_grow(inbound, need);
}

static void intake_begin(struct intake *intake, struct inbound *inbound, size_t need)
{
    block_bill(intake->account);
    inbound_prepare(intake, inbound, need);
}

static void inbound_add(struct inbound *inbound, size_t received)
{
    inbound->block->used += received;
    inbound->size += received;
    if (inbound->size == 0) {
        block_release(&inbound->block);
    }
}

enum socket_result intake_read(struct intake *intake, struct inbound *inbound, int fd, size_t need,
                               size_t *received)
{
    *received = 0;
    intake_begin(intake, inbound, need);

    enum socket_result result =
        socket_read(fd, block_tail(inbound->block), block_room(inbound->block), received);

    inbound_add(inbound, *received);
    return result;
}

enum socket_result intake_read_tls(struct intake *intake, struct inbound *inbound, struct tls *tls,
                                   size_t need, size_t *received)
{
    *received = 0;
    intake_begin(intake, inbound, need);

    enum socket_result result =
        tls_read(tls, block_tail(inbound->block), block_room(inbound->block), received);

    inbound_add(inbound, *received);
    return result;
}

static void inbound_copy(struct inbound *inbound)
{
    struct block *own = block_copy(inbound_bytes(inbound));

    block_release(&inbound->block);
    *inbound = (struct inbound){.block = own, .size = inbound->size};
}

void inbound_keep(struct inbound *inbound)
{
    if (inbound->size > 0 && inbound->size <= MOVE_MAX) {
        inbound_copy(inbound);
    }
}

void inbound_keep_secret(struct inbound *inbound)
{
    struct block *home = inbound->block;
    struct span bytes = inbound_bytes(inbound);

    if (inbound->size == 0) {
        return;
    }
    block_take(home);
    inbound_keep(inbound);
    if (inbound->block != home) {
        block_wipe(home, bytes);
    }
    block_release(&home);
}

void inbound_shrink(struct inbound *inbound)
{
    if (inbound->size > 0 && inbound->block->capacity > 2 * inbound->size + WASTE_MAX) {
        inbound_copy(inbound);
    }
}
