/* gate.h - keeps one client's requests for one slot in order while that slot is unsettled.
 *
 *      lane (a client) ── gate, slot 5 ── outstanding: how many are with a node
 *            |                  └──────── waiting:     r3 r4 r5, in the order they were sent
 *            └────────── gate, slot 9 ...
 *
 * There is no gate on the plain path: a client's requests for a slot follow each other down one
 * connection, and the node executes them in that order. A gate opens when that is no longer sure:
 * a request was refused (MOVED, ASK, TRYAGAIN, …) or its connection broke, or the slot changed
 * hands while requests for it are with the old owner. From then on
 *
 *   - requests already with a node are counted as outstanding, and nothing else is sent until each
 *     is answered, refused or lost;
 *   - what was refused, and what arrives meanwhile, waits in the order of its sequence numbers;
 *   - one at a time is sent, until one is answered by the slot's owner. Then all that wait follow
 *     at once, and the gate closes.
 *
 * So order never depends on why something had to wait. Requests that go to a node rather than
 * to a slot use gates too, under keys of their own. Worker's thread only.
 */
#ifndef PROXY_ROUTING_GATE_H
#define PROXY_ROUTING_GATE_H

#include "proxy/request/request.h"
#include "proxy/upstream/dialect.h"

struct tracked;

struct lane {
    struct list gates;    /* usually none, seldom more than a few */
    uint64_t number;      /* of its connection to each node; modulo LANE_DIALECTS what it speaks */
    struct upstream *own; /* a private connection that it holds, for WATCH; NULL: none */
    uint64_t next_sequence;
    uint64_t written;                       /* which nodes it has written to: written.h */
    size_t gathered_bytes;                  /* of the parts of its fan-outs that are there */
    void (*on_gathered)(struct lane *lane); /* they have become many more; NULL: nobody asks */
    struct tracked *tracked; /* what its client caches, for who keeps account; NULL: nobody does */
};

struct gate {
    struct list_link in_lane;
    struct list_link in_bucket;
    struct list_link in_list; /* ready or resting below; none while requests are outstanding */
    struct lane *lane;
    uint32_t key;          /* gate_key() of its requests */
    uint32_t outstanding;  /* requests with a node that point to this gate */
    struct list waiting;   /* requests, by sequence */
    uint64_t retry_at;     /* nothing is sent before this time */
    uint32_t attempts;     /* refusals since the last answer: makes the pauses longer */
    uint32_t waits;        /* times in a row that the first one's node could be given nothing */
    bool is_settled;       /* the last one was answered: all that wait may follow */
    uint64_t halted_since; /* it waits for an operator, obey.h; 0: it does not */
    uint64_t writes_end;   /* behind the last write that a silent or lost node may have */
};

enum {
    GATE_BUCKETS = 4096,
    GATE_RESTS = 16,               /* a round of them is longer than gates pause */
    GATE_REST_US = 20 * US_PER_MS, /* of each */
};

/* All gates of a dispatcher. Thousands may rest, and each is looked at when its time comes:
 *
 *      resting[0] ... [5] 100-119 ms, and 420-439 ms, … [6] 120-139 ms ... [15]
 *                      ^ by retry_at, the next round in the same list
 */
struct gates {
    struct list ready;               /* to be looked at in this turn */
    struct list resting[GATE_RESTS]; /* until their retry_at, or until something changes */
    uint64_t woken_to;               /* the list that was last looked at, in GATE_REST_US */
    uint32_t count;
    struct list buckets[GATE_BUCKETS]; /* by lane and key: a lost connection opens thousands */
};

/* What shares a gate: requests for one slot, for one node, or for any node. */
uint32_t gate_key(const struct request *request);

enum { GATE_KEY_NODE = 1 << 16, GATE_KEY_ANY = 1 << 17 };

static inline bool gate_is_for_slot(const struct gate *gate)
{
    return gate->key < SLOT_COUNT;
}

/* `number` tells lanes apart; it speaks RESP2. */
void lane_init(struct lane *lane, uint64_t number);

/* Its requests go on connections of that dialect. None may be under way. */
void lane_speak(struct lane *lane, enum dialect dialect);

static inline enum dialect lane_dialect(const struct lane *lane)
{
    return (enum dialect)(lane->number % LANE_DIALECTS);
}

/* More replies than before wait to become a reply of the lane's client; and fewer. */
void lane_gather(struct lane *lane, size_t bytes);

static inline void lane_scatter(struct lane *lane, size_t bytes)
{
    CHECK(bytes <= lane->gathered_bytes);
    lane->gathered_bytes -= bytes;
}

static inline int lane_protocol(const struct lane *lane)
{
    return dialect_protocol(lane_dialect(lane));
}

void gates_init(struct gates *gates);

/* Puts `gate` among those that rest, by its retry_at. */
void gates_rest(struct gates *gates, struct gate *gate);

/* Makes those ready that rest until `now` at the latest. Returns whether there were any. */
bool gates_wake(struct gates *gates, uint64_t now);

/* Moves all gates to the end of `all`; whoever takes them puts each back. */
void gates_take_all(struct gates *gates, struct list *all);

/* Makes all ready, whatever they rest for. */
void gates_wake_all(struct gates *gates);

/* The lane's gate for `key`, or NULL. */
struct gate *gates_find(struct gates *gates, const struct lane *lane, uint32_t key);

/* A new gate of the lane, on no list yet. There is none for `key` so far. */
struct gate *gate_new(struct gates *gates, struct lane *lane, uint32_t key) MUST_USE;

/* Takes the pointer. Nothing waits; nobody points to it. */
void gate_free(struct gates *gates, struct gate **gate);

/* Counts `request`, which is with a node, as outstanding. */
void gate_attach(struct gate *gate, struct request *request);

/* The opposite. */
void gate_detach(struct request *request);

/* `request` of the gate has its answer. The slot is settled unless something older was refused
 * meanwhile and still waits. */
void gate_on_answer(struct gate *gate, const struct request *request);

/* Puts `request` among the waiting, behind all with a lower sequence number. */
void gate_hold(struct gate *gate, struct request *request);

#endif
