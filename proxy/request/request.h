/* request.h - one request on its way to one node: its bytes, its deadline, its life.
 *
 *      WAITING ──> SENT ──────────> SETTLED
 *        ^  |        |                 ^
 *        |  └────────┼── SPLIT ────────┤      SPLIT: parts of its own are on their way instead
 *        └───────────┘ refused, or never left: waits and is sent again
 *
 * A request is on its client's pipeline (in_pipeline) from arrival until its reply has gone to the
 * client's output, and on at most one queue (in_queue): an upstream's while it is SENT or about to
 * be, a gate's while it is held back. `done` is called exactly once, with the one reply, unless the
 * request is given up before: then it is an orphan, keeps its place among what is in flight, and
 * its reply is swallowed. Worker's thread only; memory comes from the thread's free list.
 */
#ifndef PROXY_REQUEST_REQUEST_H
#define PROXY_REQUEST_REQUEST_H

#include "common/list.h"
#include "common/sendq.h"
#include "proxy/cluster/slot.h"
#include "proxy/command/command.h"
#include "proxy/request/special.h"

#define REQUEST_STATES(STATE)                                                                      \
    STATE(WAITING, "not with a node", TO(SENT) | TO(SPLIT) | TO(SETTLED))                          \
    STATE(SENT, "with an upstream", TO(WAITING) | TO(SETTLED))                                     \
    STATE(SPLIT, "its parts are on their way", TO(SETTLED))                                        \
    STATE(SETTLED, "has its reply", 0)

enum request_state {
#define STATE(symbol, text, next) REQUEST_##symbol,
    REQUEST_STATES(STATE)
#undef STATE
};

/* Why a request has not had its answer yet: decides what it is told at its deadline. */
enum refusal {
    REFUSAL_NONE = 0,
    REFUSAL_UNREACHABLE, /* no connection to its node */
    REFUSAL_LOST,        /* a read whose answer was lost with its connection */
    REFUSAL_MOVED,
    REFUSAL_ASK,
    REFUSAL_TRYAGAIN,
    REFUSAL_CLUSTERDOWN,
    REFUSAL_LOADING,
    REFUSAL_MASTERDOWN,
    REFUSAL_READONLY,
    REFUSAL_COUNT,
};

enum request_target {
    TARGET_SLOT,    /* the primary of `slot` */
    TARGET_NODE,    /* the node `node`, whatever it serves */
    TARGET_PRIMARY, /* any one primary */
};

enum {
    REQUEST_NO_NODE = UINT16_MAX,
    REQUEST_KEPT_MAX = 63, /* a reply that waits for its turn needs no memory of its own */
};

struct request;
struct fanout;
struct gate;
struct lane;

/* The one reply. `bytes` are good until this returns; `block` keeps them longer for who takes a
 * reference, NULL when nobody can. */
typedef void request_done(struct request *request, struct block *block, struct span bytes);

struct request {
    _Alignas(16) struct list_link in_pipeline;
    struct list_link in_queue;
    struct block *block; /* keeps `bytes` */
    struct span bytes;   /* what goes to the node */
    const struct command *command;
    request_done *done;      /* NULL: an orphan, its reply is swallowed */
    void *owner;             /* what `done` needs: a client, a fan-out */
    struct lane *lane;       /* the client's order of effects; NULL: an orphan */
    struct gate *gate;       /* that counts this request; NULL on the plain path */
    struct fanout *fanout;   /* SPLIT: its parts */
    struct special *special; /* NULL for nearly all */
    size_t counted_bytes;    /* on a pipeline: how many `bytes` were when it was put there, and
                              * what goes to nodes before them */
    uint64_t script;         /* EVAL, EVALSHA: number of its script; 0: not remembered. heal.h */
    uint64_t sequence;       /* place in the lane's order */
    uint64_t arrived;        /* microseconds, clock_now() of its turn */
    uint64_t deadline;
    uint64_t held_at;   /* on a gate's queue: since when */
    uint64_t waited;    /* on gates' queues before, in all */
    uint64_t offset;    /* SENT: where it starts in its upstream's stream of bytes */
    struct sendq reply; /* SETTLED, and not yet its turn */
    union {
        uint64_t oddities; /* all of these at once: 0 for nearly all. request_is_plain() */
        struct {
            uint32_t awaits_functions; /* mending.h: serial + 1 of the pool that gets some */
            uint8_t target;            /* enum request_target */
            bool asking;               /* goes to `node` once, behind ASKING */
            bool is_tracked;  /* who keeps account of its client's cache is told of its answer */
            bool is_uncached; /* and that the client will not cache it */
        };
    };
    uint32_t node_serial; /* of the pool `node`: tells it from a later one */
    uint16_t slot;        /* SLOT_NONE without keys */
    uint16_t node;        /* TARGET_NODE, asking: which pool. Settled by an error: whose */
    uint8_t state;        /* enum request_state */
    uint8_t refusal;      /* enum refusal: the last one */
    uint8_t losses;       /* connections that broke with its answer */
    uint8_t hops;         /* redirections followed so far */
    bool is_queued;       /* SENT: its upstream's output has its bytes, or had them */
    bool muted;           /* CLIENT REPLY OFF or SKIP: the client gets no reply */
    bool is_one_key;      /* a part that cannot be parted again */
    bool was_mended;      /* FCALL: was held back for functions; does so once */
    bool expired;         /* given up at its deadline: its late reply is swallowed */
    uint8_t kept_size;    /* of a short reply that is not in `reply` but kept here: */
    char kept[REQUEST_KEPT_MAX];
};

/* A new request, WAITING, that takes its own reference to `block`; NULL for bytes that stay. */
struct request *request_new(const struct command *command, struct block *block,
                            struct span bytes) MUST_USE;

/* Internal: to the free list. */
void request_give_back(struct request *gone);

/* Takes the pointer; the request must be on no queue and no pipeline. */
static inline void request_free(struct request **request)
{
    struct request *gone = *request;

    *request = NULL;
    request_give_back(gone);
}

/* It may have to wait for long: a small one does not hold on to the large block that it was read
 * into any more. */
void request_shrink(struct request *request);

/* Does the table let it? Little is left of this where `next` is a constant. */
static inline bool request_may_become(const struct request *request, enum request_state next)
{
#define TO(symbol)                 (1u << REQUEST_##symbol)
#define STATE(symbol, text, after) (request->state == REQUEST_##symbol && ((after) >> next & 1)) ||
    return REQUEST_STATES(STATE) false;
#undef STATE
#undef TO
}

/* The only writer of ->state: checks the table of states. */
static inline void request_become(struct request *request, enum request_state next)
{
    CHECK(request_may_become(request, next));
    request->state = (uint8_t)next;
}

/* request_settle for who has looked already whether it is an orphan: it is none, and this is its
 * `done`. */
static inline void request_tell(struct request *request, request_done *done, struct block *block,
                                struct span bytes)
{
    request_become(request, REQUEST_SETTLED);
    request->done = NULL;
    done(request, block, bytes);
}

/* Makes it settled and calls its `done`, or frees an orphan. The caller looks at it no more. */
static inline void request_settle(struct request *request, struct block *block, struct span bytes)
{
    if (likely(request->done != NULL)) {
        request_tell(request, request->done, block, bytes);
        return;
    }
    request_become(request, REQUEST_SETTLED);
    request_free(&request);
}

/* Is it one command for a slot, and nothing else to be said of it? One look answers what else
 * would be many questions; it is not waiting behind a gate then either. */
static inline bool request_is_plain(const struct request *request)
{
    return ((uintptr_t)request->special | (uintptr_t)request->gate | request->script |
            request->oddities) == 0;
}

/* Are its bytes one command? */
static inline bool request_is_single(const struct request *request)
{
    return likely(request->special == NULL) || request->special->commands == 1;
}

/* How it is looked at; NULL for nearly all, which are not. */
static inline struct sample *request_sample(const struct request *request)
{
    return unlikely(request->special != NULL) && request->special->sample.weight > 0
               ? &request->special->sample
               : NULL;
}

/* Does it go on a connection that is its own? */
static inline bool request_is_private(const struct request *request)
{
    return unlikely(request->special != NULL) && request->special->is_private;
}

/* Is it a step of a transaction? */
static inline bool request_is_step(const struct request *request)
{
    return unlikely(request->special != NULL) && request->special->is_step;
}

/* Scans its bytes again. Returns false when they are not one command of a client: several, or
 * none. The caller clears `arguments`. */
bool request_read(const struct request *request, struct arguments *arguments) MUST_USE;

/* May it be sent again although a node may have seen it? Reads only, alone or in a transaction. */
static inline bool request_is_repeatable(const struct request *request)
{
    return (request->command->flags & COMMAND_READONLY) != 0 ||
           (unlikely(request->special != NULL) && request->special->is_harmless);
}

/* Is there an answer for it, or another way, if the connection that its lane holds cannot serve it?
 */
static inline bool request_has_otherwise(const struct request *request)
{
    return unlikely(request->special != NULL) &&
           (request->special->otherwise.size > 0 || request->special->detour != NULL);
}

/* What those of this thread that are in use take themselves, beside their bytes and replies. */
size_t request_bytes_in_use(void);

/* Tells the budget of the process (budget.h) of that. It hears of most growth by itself. */
void request_publish(void);

/* How many are on the thread's free list. */
uint32_t request_count_kept(void);

/* To be called now and then, as once a second: hands back half of those that were not needed since
 * the last call, so that a burst does not keep its memory for ever; and publishes. */
void request_tidy(void);

/* Hands the thread's free list back to the allocator. */
void request_trim(void);

#endif
