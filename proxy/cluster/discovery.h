/* discovery.h - one thread per pool that keeps the picture of its cluster current.
 *
 *      timer · hints from workers ─> too soon? remember ─> ask a known node, with a deadline,
 *      then the next one ─> topology_from_reply ─> same as before? drop ─> version + 1, publish
 *
 * The thread may block: on sockets and the resolver with a deadline, on the state file without one.
 * Nobody else waits for it. Any node that is in the picture can teach us, not only the seeds; and
 * at start, when the seeds are gone, those that the state file remembers.
 */
#ifndef PROXY_CLUSTER_DISCOVERY_H
#define PROXY_CLUSTER_DISCOVERY_H

#include "common/pulse.h"
#include "common/thread.h"
#include "config/config_share.h"
#include "proxy/cluster/adoption.h"
#include "proxy/cluster/lessons.h"
#include "proxy/cluster/resolver.h"

struct discovery;

/* Called on the discovery thread with a reference that the callee takes. */
typedef void topology_publish(void *context, struct topology *topology);

/* What makes somebody ask for a refresh; a metric counts each. */
enum discovery_hint {
    HINT_MOVED,       /* a node said MOVED */
    HINT_UNREACHABLE, /* a connection to a node broke or could not be made */
    HINT_UNBOUND,     /* a request has no node to go to, or a node said CLUSTERDOWN or the like */
};

/* Counters that any thread may read. */
struct discovery_stats {
    _Atomic uint64_t refreshes;              /* questions asked */
    _Atomic uint64_t failures;               /* questions without a usable answer */
    _Atomic uint64_t changes;                /* pictures published */
    _Atomic uint64_t doubted[DOUBT_COUNT];   /* answers that were not believed at once, by reason */
    _Atomic uint64_t overruled[DOUBT_COUNT]; /* those used for want of a better one */
    _Atomic uint64_t seed_failures;          /* seeds that were asked without a usable answer */
    _Atomic uint64_t seeds_unresolved;       /* times that a seed's name had no answer */
    _Atomic uint64_t tls_failures;           /* questions that failed in TLS */
    _Atomic uint64_t state_failures;         /* times that the state file could not be written */
    _Atomic uint64_t hints[3];
    _Atomic uint64_t primaries; /* of the picture in use, 0: there is none; likewise the next two */
    _Atomic uint64_t replicas;
    _Atomic uint64_t slots_served;
    _Atomic uint64_t last_success; /* clock_now() of the last usable answer; 0: none yet */
};

/* Borrows what `pool` points to until freed, or until discovery_use_config. Nothing runs before
 * discovery_start. */
struct discovery *discovery_new(const struct pool_config *pool, topology_publish *publish,
                                void *context) MUST_USE;

/* Before the start: names are asked of `lookup` instead of the system's resolver. */
void discovery_use_lookup(struct discovery *discovery, resolver_lookup *lookup);

/* Before the start: nodes are asked for their commands, too. Borrows `lessons` until freed. */
void discovery_use_lessons(struct discovery *discovery, struct lessons *lessons);

/* Any one thread, before the start or later: from now on it goes by what `share` says of pool
 * `pool`; takes a reference. Other seeds are asked before anybody else, and believed: they may be
 * those of another cluster. */
void discovery_use_config(struct discovery *discovery, struct config_share *share, size_t pool);

/* Before the start: connections go through `door`, which is borrowed until freed. */
void discovery_use_door(struct discovery *discovery, struct node_door *door);

/* Starts the thread, which does not run. */
void discovery_start(struct discovery *discovery);

/* Any thread; cheap, also when called for every request. */
void discovery_hint(struct discovery *discovery, enum discovery_hint hint);

/* Any thread; lent until `discovery` is freed. */
const struct discovery_stats *discovery_stats(const struct discovery *discovery);

/* Its thread, and how that is doing, for who watches over threads; lent likewise. */
const struct thread *discovery_thread(const struct discovery *discovery);
const struct pulse *discovery_pulse(const struct discovery *discovery);

/* Asks the thread to end, and waits for nothing: it may be in the middle of a file on a disk that
 * is stuck. */
void discovery_stop_soon(struct discovery *discovery);

/* Has it ended, or never begun? Then it may be started again. */
bool discovery_has_stopped(struct discovery *discovery);

/* Ends the thread, within a second even when a node hangs; it may be started again. */
void discovery_stop(struct discovery *discovery);

/* The same, and frees. NULL inside is fine. */
void discovery_free(struct discovery **discovery);

#endif
