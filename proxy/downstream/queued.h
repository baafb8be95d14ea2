/* queued.h - the commands that a client has said between MULTI and EXEC.
 *
 *      MULTI ── SET a 1 ── GET a ── EXEC ──>  MULTI SET a 1 GET a EXEC, one burst for a node
 *               └── copied here ──┘
 *
 * Part of its session; its worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_QUEUED_H
#define PROXY_DOWNSTREAM_QUEUED_H

#include "common/sendq.h"
#include "proxy/command/command.h"

struct queued {
    struct sendq bytes; /* MULTI and the commands; empty when it is not open */
    uint32_t count;     /* how many they are */
    uint16_t slot;      /* of all keys so far; SLOT_NONE: there were none */
    bool is_open;       /* MULTI was said, and neither EXEC nor DISCARD since */
    bool is_spoiled;    /* a command was refused since: EXEC will be, too */
    bool only_reads;    /* whatever becomes of it, it may be sent again */
    bool writes;        /* it waits for the end of a pause of writes */
};

/* One more, as it was read. */
struct queued_command {
    const struct command *command;
    uint16_t slot;       /* of its keys; SLOT_NONE: it has none */
    struct block *block; /* keeps `bytes` */
    struct span bytes;
};

void queued_init(struct queued *queued);

/* MULTI. */
void queued_open(struct queued *queued);

/* EXEC, DISCARD: as after queued_init, and holds no memory. */
void queued_close(struct queued *queued);

/* Adds it, unless there would be more than a transaction may have, `limit_bytes` in all: then
 * returns false. */
bool queued_add(struct queued *queued, const struct queued_command *added,
                size_t limit_bytes) MUST_USE;

/* The bytes of the commands so far. */
size_t queued_bytes(const struct queued *queued);

/* EXEC: adds that, and returns the whole in one block. To be followed by queued_close. */
struct block *queued_burst(struct queued *queued) MUST_USE;

#endif
