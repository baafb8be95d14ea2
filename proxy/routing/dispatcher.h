/* dispatcher.h - takes a worker's requests to the nodes of one cluster, and brings back answers.
 *
 *      client, fan-out ── dispatcher_send ──> slot table ──> pool ──> upstream ──> node
 *             ^                 │                                        │
 *             │                 └─> gate: must wait <── refused, lost ───┤
 *             └── request->done <───────────────────────── answered ─────┘
 *
 * What the contract says of retries is decided here and nowhere else: what certainly was not
 * executed is sent again until its deadline; a read whose answer was lost likewise; a write whose
 * answer was lost is answered with an error and never sent again. Every wait is bounded: in time by
 * the request's deadline, in number and bytes by the configuration. Worker's thread only.
 */
#ifndef PROXY_ROUTING_DISPATCHER_H
#define PROXY_ROUTING_DISPATCHER_H

#include "proxy/cluster/discovery.h"
#include "proxy/request/error_reply.h"
#include "proxy/routing/gate.h"
#include "proxy/routing/moving.h"
#include "proxy/routing/script_view.h"
#include "proxy/routing/slot_table.h"

struct halts;
struct mending_board;

/* What who keeps account of clients' caches is told. None of these may settle or close anything. */
struct tracking_events {
    /* A request of a lane that is tracked has its answer, which is about to be handed on. Will its
     * node, on the connection where it was, tell of changes to what was read? */
    void (*answered)(void *tracker, const struct request *request, struct span reply,
                     bool is_tracked);
    void (*pushed)(void *tracker, enum dialect dialect, struct span push);
    void (*forgot)(void *tracker, enum dialect dialect); /* as pool_events have it */
    void (*moved)(void *tracker, const uint64_t *slots); /* to other nodes; bits of slot_table.h */
};

struct dispatcher {
    struct pool_site site;
    struct dispatcher *chief;       /* whose companion this is; NULL: nobody's */
    struct list companions;         /* of it: for the same cluster, as other users */
    struct list_link in_companions; /* of the chief */
    struct discovery *discovery;    /* for hints; NULL in tests */
    struct script_view *scripts;    /* those that are remembered; NULL: requests have none */
    const struct tracking_events *tracking; /* NULL: no lane is tracked */
    void *tracker;
    struct list mendings;        /* of nodes that lack functions */
    struct mending_board *board; /* of all workers of the pool; NULL: there are no others */
    size_t worker;               /* which one this is */
    struct halts *halts;         /* of all workers of the pool; NULL: nobody pauses anything */
    bool is_all_halted;          /* obey.h: nothing is sent to any node */
    uint64_t halted_until;       /* the end of the last of the halts; 0: there are none */
    uint64_t resumed_at;         /* when all were last halted no more; 0: never */
    struct reactor_timer obey_timer;
    struct slot_table table;
    struct gates gates;
    struct moving_slots moving;
    uint64_t waiting_count;      /* with its companions, whose own are 0 */
    uint64_t waiting_bytes;      /* likewise */
    uint64_t waiting_deadline;   /* nothing that waits is due before this */
    uint64_t made_at;            /* or the end of its rest: rest.h */
    uint64_t cross_slot_answers; /* CROSSSLOT of nodes, where slotway had found one slot */
    uint64_t suspected_at;       /* when a silent node last made discovery ask early */
    struct turn_task pump;       /* looks at the ready gates at the end of the turn */
    struct reactor_timer tick;   /* runs the watch; stopped when there is nothing to watch */
};

/* Borrows all it is given. The topology comes later, by dispatcher_adopt. */
struct dispatcher *dispatcher_new(struct reactor *reactor, struct intake *intake,
                                  const struct pool_config *config, struct metrics *metrics,
                                  struct discovery *discovery) MUST_USE;

/* All clients must be gone. */
void dispatcher_free(struct dispatcher **dispatcher);

/* Takes a reference to a newer picture: requests that wait, or that wait for a connection to a node
 * that no longer serves their slot, are looked at again. */
void dispatcher_adopt(struct dispatcher *dispatcher, struct topology *topology);

/* The same for one dispatcher alone, without all that is to be done once. */
void dispatcher_take_over(struct dispatcher *dispatcher, struct topology *topology);

/* Sends `request` (target, slot, node, lane, done, arrived and deadline set) to its node, now or
 * when it can be. Its `done` is called exactly once, perhaps before this returns, unless it is
 * abandoned first. */
void dispatcher_send(struct dispatcher *dispatcher, struct request *request);

/* Nobody wants the answer any more: what is with a node stays there as an orphan, what is not is
 * dropped. Takes the pointer; the request must not be settled or split, nor on a pipeline. */
void dispatcher_abandon(struct dispatcher *dispatcher, struct request **request);

/* Closes a client's lane, none of whose requests is left. */
void dispatcher_clear_lane(struct dispatcher *dispatcher, struct lane *lane);

/* Settles `request`, which is with nobody, with an error of our own. */
void dispatcher_refuse(struct dispatcher *dispatcher, struct request *request,
                       enum error_symbol symbol, const char *detail);

/* Makes discovery ask early. */
void dispatcher_hint(struct dispatcher *dispatcher, enum discovery_hint hint);

/* Slots whose bits are set have another owner. */
void dispatcher_on_moved(struct dispatcher *dispatcher, const uint64_t *slots);

/* Whose figures those of a companion are part of. */
static inline struct dispatcher *dispatcher_chief(const struct dispatcher *dispatcher)
{
    return dispatcher->chief == NULL ? (struct dispatcher *)dispatcher : dispatcher->chief;
}

/* The picture in use; NULL before the first. */
static inline const struct topology *dispatcher_topology(const struct dispatcher *dispatcher)
{
    return dispatcher->table.topology;
}

#endif
