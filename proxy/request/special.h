/* special.h - what few requests need beyond their bytes: several answers, a connection of their
 * own.
 *
 *      commands 1   GET a                        one answer, as for all that have no special part
 *      commands 4   MULTI, SET a 1, GET a, EXEC  four answers; the last is the request's
 *
 * Several commands go to a node as one: they are sent, refused and sent again together. An error
 * before the last answer is kept as the objection: what a node objects to there, a redirection say,
 * concerns the whole. A request that hears its answers itself says which of them is the objection,
 * the last one included. Owned by its request; worker's thread only.
 */
#ifndef PROXY_REQUEST_SPECIAL_H
#define PROXY_REQUEST_SPECIAL_H

#include "common/block.h"
#include "common/list.h"
#include "common/span.h"

struct request;
struct upstream;

/* Called with each answer, of which `index` counts from 0 each time the request is sent. Returns
 * true when the node objects to the whole. */
typedef bool special_hearer(struct request *request, uint32_t index, struct span reply);

/* Called with a request that cannot be served where its lane holds a connection, and is with
 * nobody: sends it another way, or settles it. */
typedef void special_detour(struct request *request);

/* A request that is looked at more closely than others, for the metrics: it stands for all that
 * were not since the one before. */
struct sample {
    uint32_t weight;         /* for so many requests; 0: it is none */
    uint8_t kind;            /* of the metrics: of its command */
    struct list_link unsent; /* an upstream's, while the kernel has not all of its bytes */
    uint64_t since;          /* it is slotway's to send: when it arrived, or came back */
    uint64_t end;            /* of it in its upstream's stream of bytes */
    uint64_t sent_at;        /* when the kernel had all of it; 0: not yet */
};

struct special {
    uint32_t commands;         /* in the request's bytes; at least 1 */
    uint32_t answers_left;     /* with a node: how many are still to come */
    struct block *objection;   /* the first error before the last answer; NULL: none */
    struct block *preface;     /* commands that go right before it, each time it is sent, and whose
                                * answers are nobody's; NULL: none */
    uint32_t preface_commands; /* how many they are */
    bool begins_multi;         /* the first of them is MULTI */
    bool is_private;           /* goes on a connection that is its own until it is answered */
    bool is_fresh;             /* is_private: on one that is made for it, and ends with it */
    bool may_block;            /* and may stay there for as long as its client wishes */
    bool passes_halt;          /* an operator's own: goes to a node that he has paused, too */
    bool is_harmless;          /* may be sent again whatever became of it, as a read may */
    struct upstream *upstream; /* that connection while it is there; NULL */
    struct upstream **keeper;  /* who holds it on, once it has answered well, or, where answers are
                                * heard, anything; NULL: nobody */
    struct span otherwise;     /* goes where its lane holds a connection, or nowhere: then this is
                                * its answer. Empty: goes anywhere */
    special_detour *detour;    /* or then this is its way; NULL: it has none */
    bool is_step;              /* of a transaction, and harmless: its connection is in MULTI once it
                                * was sent there, and trouble of its node makes it end at once */
    uint64_t sent_at;          /* may_block: when it last was; 0: never. For these, blocking.h */
    bool was_with_node;        /* likewise: a node had it, whatever became of it */
    uint64_t blocks_until;     /* when its own timeout is over; UINT64_MAX: never */
    uint64_t waits_until;      /* its deadline while it is with no node */
    bool has_timeout;          /* its bytes are one command with such a timeout */
    const char *farewell; /* what it is told when its connection ends; NULL: that it was lost */
    bool is_in_doubt; /* a node may have executed it, and it was to be sent again all the same */
    bool is_secret;   /* its bytes are overwritten when it is over, and where they are sent from */
    bool is_woken;    /* its node has been asked to wake it, and says that or what it has for it */
    special_hearer *hear; /* NULL: of answers before the last, errors are objections */
    struct sample sample;
};

/* The request's special part, made if there is none yet. */
struct special *special_of(struct request *request);

/* Takes the pointer, which may be NULL. */
void special_free(struct special **special);

/* `part` goes to a node as `whole` would. */
void special_copy(struct request *part, const struct request *whole);

/* How a part of a request that is looked at is looked at itself. */
static inline struct sample sample_of_part(const struct sample *whole)
{
    return (struct sample){.weight = whole->weight, .kind = whole->kind, .since = whole->since};
}

/* It is about to be sent: all answers are to come. */
void special_begin(struct special *special);

/* An answer to `request`, which has a special part, has come. Returns true when it was not the
 * last. */
bool special_hear(struct request *request, struct span reply) MUST_USE;

/* `request` is not with its node any more. */
void special_leave(struct request *request);

/* `orphan` takes the place of `request` at a node, and as many answers are still to come. */
void special_inherit(struct request *orphan, const struct request *request);

/* What decides whether a node refused the request whose last answer `reply` is: the objection, or
 * else that answer. */
struct span special_decisive(const struct special *special, struct span reply);

static inline struct span special_refusal(const struct special *special, struct span reply)
{
    return likely(special == NULL) ? reply : special_decisive(special, reply);
}

/* Does the request hear its answers itself? Then an objection is its answer. */
static inline bool special_has_hearer(const struct special *special)
{
    return unlikely(special != NULL) && special->hear != NULL;
}

#endif
