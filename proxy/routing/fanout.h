/* fanout.h - one request, many parts: split by slot, or sent to many nodes; the answers joined.
 *
 *      MGET a b c  ──split──>  part 0 (slot of a, c): MGET a c  ──>  *2 va vc ─┐
 *                              part 1 (slot of b):    MGET b    ──>  *1 vb ────┤
 *      *3 va vb vc <──join─────────────────────────────────────────────────────┘
 *
 * Each part is a request of its own that is routed, redirected and retried like any other, in its
 * client's lane. When the last one has its answer, the joiner composes the one reply in the
 * parent's ->reply and the parent is settled. Owned by its parent; worker's thread only.
 *
 *      SCAN 0  ──round──> parts ──heard──> next round ──> parts ──heard──> reply
 *
 * A command that slotway carries out itself asks in rounds: what the parts of one say decides which
 * parts the next has, or what the reply is. Each round is a fan-out of the same parent.
 */
#ifndef PROXY_ROUTING_FANOUT_H
#define PROXY_ROUTING_FANOUT_H

#include "proxy/command/keys.h"
#include "proxy/routing/dispatcher.h"
#include "proxy/routing/router.h"

struct fanout;

/* Composes the reply of fanout->parent in `to`, from all its parts. */
typedef void fanout_join(struct fanout *fanout, struct sendq *to);

/* What asks in rounds. Its `context` is its own. */
struct rounds {
    /* All parts of a round have their answers, which are good until this returns. Begins the next
     * round of the same parent, or settles the parent. */
    void (*heard)(struct fanout *fanout);
    void (*drop)(void *context); /* instead: nobody wants the reply any more */
};

struct part {
    struct fanout *fanout;
    struct request *request;   /* NULL once settled */
    struct block *block;       /* keeps `reply` */
    struct span reply;         /* one whole reply */
    const uint32_t *positions; /* SPLIT: for each of its keys, which of the parent's keys it is */
    uint32_t key_count;
    uint16_t node;    /* the index of the pool that answered; NODE_NONE */
    bool is_optional; /* a replica's: its failure is not the request's */
};

struct fanout {
    struct request *parent;
    struct dispatcher *dispatcher;
    struct lane *lane; /* the parent's */
    fanout_join *join;
    const struct rounds *rounds; /* instead of joining; NULL: there is one round */
    void *context;               /* what a joiner of the caller, or `rounds`, needs */
    uint32_t *positions;         /* of all parts */
    struct block *copies;        /* where the next small reply of a part goes */
    uint32_t key_count;          /* of the parent */
    uint32_t part_count;
    uint32_t parts_left;
    size_t gathered_bytes; /* replies of parts that are there */
    bool is_starting;      /* parts are still being sent */
    struct part parts[];
};

/* Splits `parent` by the slots of `keys` and sends the parts. `parent` becomes SPLIT; it may be
 * settled before this returns, and is where its parts would be far more than itself. */
void fanout_split(struct dispatcher *dispatcher, struct request *parent,
                  const struct arguments *arguments, const struct keys *keys);

/* May the keys of `request`, which are all in one slot, be asked for one by one? Not where they are
 * written together. */
bool fanout_can_part(const struct request *request);

/* Parts `request`, which is with nobody, into one for each key: they take its place at the gate of
 * their slot. While a slot is moving, its keys are on two nodes, and none can serve them together.
 */
void fanout_part(struct dispatcher *dispatcher, struct request *request);

/* Sends `parent` as it is to every primary, for ROUTE_NODES to reachable replicas too, for
 * ROUTE_WRITTEN only to those that its client wrote to, if they are known. `join` NULL
 * means by the command's reply policy; `context` is for `join`. May settle before this returns. */
void fanout_broadcast(struct dispatcher *dispatcher, struct request *parent, enum route_kind kind,
                      fanout_join *join, void *context);

/* A round of `count` parts, at least one, for `parent`, which has no fan-out yet or any more. Each
 * of them is then made by fanout_ask, before fanout_start sends them all. */
struct fanout *fanout_of_round(struct dispatcher *dispatcher, struct request *parent,
                               uint32_t count, const struct rounds *rounds, void *context) MUST_USE;

/* Part `index`, which is to send all of `block`. The caller sets where to, and its special part. */
struct request *fanout_ask(struct fanout *fanout, uint32_t index, const struct command *command,
                           struct block *block);

/* Sends all parts. The round may be heard before this returns. */
void fanout_start(struct fanout *fanout);

/* Nobody wants the reply any more: gives all parts up, theirs too, and frees the fan-out of
 * `parent`. */
void fanout_abandon(struct request *parent);

/* For joiners: the first part that counts and has an error, or NULL. */
const struct part *fanout_failed(const struct fanout *fanout);

/* For joiners: that part's error, or an empty span. */
struct span fanout_error(const struct fanout *fanout);

/* For joiners: the node that gave a part its error, or "slotway". */
const char *fanout_node_name(const struct part *part);

#endif
