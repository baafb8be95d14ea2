/* queued.h - the commands that a client has said between MULTI and EXEC.
 *
 *      MULTI ── SET a 1 ── GET a ── EXEC ──>  MULTI SET a 1 GET a EXEC, one burst for a node
 *               └── copied here ──┘
 *
 *      MULTI SET a 1 | GET a EXEC      the node that is asked step by step has the front part
 *                    ^ sent_bytes      already: live.h
 *
 * Part of its session; its worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_QUEUED_H
#define PROXY_DOWNSTREAM_QUEUED_H

#include "common/sendq.h"
#include "proxy/command/command.h"

/* What a node has said so far to a step, the last commands of a transaction. */
struct queued_step {
    bool is_whole;                 /* all its answers have come, */
    bool is_refused;               /* the last of them is an error for the client, */
    bool is_spoiled;               /* an earlier one is an error, so that EXEC will be refused, */
    bool is_doubtful;              /* one is a reason to send the whole elsewhere, */
    bool has_no_multi;             /* MULTI was refused, */
    bool is_executed;              /* or something at once, not queued */
    const struct command *command; /* whose answer the client waits for */
};

struct queued {
    struct sendq bytes;      /* MULTI and the commands; empty when it is not open */
    uint32_t count;          /* how many they are */
    uint16_t slot;           /* of all keys so far; SLOT_NONE: there were none */
    bool is_open;            /* MULTI was said, and neither EXEC nor DISCARD since */
    bool is_spoiled;         /* a command was refused since: EXEC will be, too */
    bool is_refused;         /* by the node, so that it will refuse EXEC itself */
    bool is_given_up;        /* no node is asked step by step any more */
    bool only_reads;         /* whatever becomes of it, it may be sent again */
    bool writes;             /* it waits for the end of a pause of writes */
    size_t sent_bytes;       /* of `bytes`, from the start: they have been a step; 0: none has */
    uint32_t sent_count;     /* commands in there, but for those that the node has refused */
    struct queued_step step; /* the last one */
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

/* The whole with EXEC behind it, in one block. */
struct block *queued_burst(const struct queued *queued) MUST_USE;

/* What is no step yet; and that with EXEC behind it. */
struct block *queued_rest(const struct queued *queued) MUST_USE;
struct block *queued_rest_with_exec(const struct queued *queued) MUST_USE;

/* MULTI alone. */
struct span queued_multi(void);

/* How many commands are no step yet. */
static inline uint32_t queued_rest_count(const struct queued *queued)
{
    return queued->count - queued->sent_count;
}

/* Is MULTI all that has been a step? */
bool queued_is_begun(const struct queued *queued);

/* The node has taken MULTI. */
void queued_begin(struct queued *queued);

/* The node has queued all there is; or all but the last, which it has refused. */
void queued_accept(struct queued *queued);
void queued_refuse(struct queued *queued);

#endif
